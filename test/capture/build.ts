/**
 * Captures written word by word, in either byte order, independent of the project's own writers.
 */
export class Words {
  readonly #parts: Uint8Array[] = [];

  constructor(readonly littleEndian: boolean) {}

  u8(...values: number[]): this {
    this.#parts.push(Uint8Array.from(values));
    return this;
  }

  u16(...values: number[]): this {
    return this.#words(2, values, (view, at, value) => view.setUint16(at, value, this.littleEndian));
  }

  u32(...values: number[]): this {
    return this.#words(4, values, (view, at, value) => view.setUint32(at, value, this.littleEndian));
  }

  u64(...values: bigint[]): this {
    return this.#words(8, values, (view, at, value) => view.setBigUint64(at, value, this.littleEndian));
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  padded(bytes: Uint8Array): this {
    return this.raw(bytes).raw(new Uint8Array(-bytes.length & 3));
  }

  bytes(): Uint8Array {
    return concat(...this.#parts);
  }

  #words<T>(size: number, values: readonly T[], set: (view: DataView, at: number, value: T) => void): this {
    const view = new DataView(new ArrayBuffer(size * values.length));
    values.forEach((value, i) => {
      set(view, i * size, value);
    });
    this.#parts.push(new Uint8Array(view.buffer));
    return this;
  }
}

export const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export const fromHex = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replace(/[^0-9a-f]/gi, ''), 'hex'));

export interface PcapHeader {
  readonly littleEndian?: boolean;
  readonly magic?: number;
  readonly version?: readonly [number, number];
  readonly snapLength?: number;
  readonly link?: number;
}

export function pcapHeader(header: PcapHeader = {}): Uint8Array {
  const { littleEndian = true, magic = 0xa1b2c3d4, version = [2, 4], snapLength = 65535, link = 1 } = header;
  return new Words(littleEndian)
    .u32(magic)
    .u16(...version)
    .u32(0, 0, snapLength, link)
    .bytes();
}

export function pcapRecord(
  seconds: number,
  fraction: number,
  data: Uint8Array,
  { littleEndian = true, captured = data.length, original = data.length } = {},
): Uint8Array {
  return new Words(littleEndian).u32(seconds, fraction, captured, original).raw(data).bytes();
}

/** One pcapng block: the body is padded, both lengths are right. */
export function block(littleEndian: boolean, type: number, body: Uint8Array): Uint8Array {
  const length = 12 + ((body.length + 3) & ~3);
  return new Words(littleEndian).u32(type, length).padded(body).u32(length).bytes();
}

export type Option = readonly [code: number, value: Uint8Array];

export function options(littleEndian: boolean, list: readonly Option[]): Uint8Array {
  const words = new Words(littleEndian);
  for (const [code, value] of list) words.u16(code, value.length).padded(value);
  if (list.length > 0) words.u16(0, 0);
  return words.bytes();
}

export const sectionHeader = (
  littleEndian: boolean,
  { version = [1, 0], length = 0xffffffffffffffffn } = {},
): Uint8Array =>
  block(
    littleEndian,
    0x0a0d0d0a,
    new Words(littleEndian)
      .u32(0x1a2b3c4d)
      .u16(...version)
      .u64(length)
      .bytes(),
  );

export const interfaceBlock = (
  littleEndian: boolean,
  { link = 1, snapLength = 0, list = [] as readonly Option[] } = {},
): Uint8Array =>
  block(littleEndian, 1, new Words(littleEndian).u16(link, 0).u32(snapLength).raw(options(littleEndian, list)).bytes());

export function enhancedPacket(
  littleEndian: boolean,
  id: number,
  time: bigint,
  data: Uint8Array,
  { captured = data.length, original = data.length, list = [] as readonly Option[] } = {},
): Uint8Array {
  const words = new Words(littleEndian).u32(id, Number(time >> 32n), Number(time & 0xffffffffn), captured, original);
  return block(littleEndian, 6, words.padded(data).raw(options(littleEndian, list)).bytes());
}

export const simplePacket = (littleEndian: boolean, original: number, data: Uint8Array): Uint8Array =>
  block(littleEndian, 3, new Words(littleEndian).u32(original).raw(data).bytes());

export const obsoletePacket = (
  littleEndian: boolean,
  id: number,
  time: bigint,
  data: Uint8Array,
  original = data.length,
): Uint8Array =>
  block(
    littleEndian,
    2,
    new Words(littleEndian)
      .u16(id, 7)
      .u32(Number(time >> 32n), Number(time & 0xffffffffn), data.length, original)
      .raw(data)
      .bytes(),
  );

export const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
