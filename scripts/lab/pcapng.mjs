/**
 * pcap files -> one pcapng, an interface for each, packets by time.
 *
 * In:  whole little-endian pcap files as tcpdump writes them (micro- or nanoseconds), each with a name.
 * Out: a pcapng section that names its interfaces and nothing of the machine it was made on.
 * Source: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng (blocks 0x0A0D0D0A, 1 and 6).
 */

/** @typedef {{ time: bigint, source: number, captured: Uint8Array, original: number }} Packet */

/** @param {readonly { name: string, bytes: Buffer }[]} files @returns {Buffer} */
export function toPcapng(files) {
  const blocks = [block(0x0a0d0d0a, [u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)])];
  /** @type {Packet[]} */
  const packets = [];
  for (const [source, { name, bytes }] of files.entries()) {
    blocks.push(
      block(1, [
        u16(bytes.readUInt32LE(20)),
        u16(0),
        u32(bytes.readUInt32LE(16)),
        option(2, Buffer.from(name)),
        option(9, Buffer.from([9])),
        u32(0),
      ]),
    );
    packets.push(...packetsOf(bytes, source, name));
  }
  packets.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.source - b.source));
  for (const { time, source, captured, original } of packets)
    blocks.push(
      block(6, [
        u32(source),
        u32(Number(time >> 32n)),
        u32(Number(time & 0xffffffffn)),
        u32(captured.length),
        u32(original),
        padded(captured),
      ]),
    );
  return Buffer.concat(blocks);
}

/** @param {Buffer} bytes @param {number} source @param {string} name @returns {Packet[]} */
function packetsOf(bytes, source, name) {
  const magic = bytes.readUInt32LE(0);
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) throw new Error(`${name}: not a pcap of this byte order`);
  const scale = magic === 0xa1b2c3d4 ? 1000n : 1n;
  const packets = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    packets.push({
      time: BigInt(bytes.readUInt32LE(at)) * 1_000_000_000n + BigInt(bytes.readUInt32LE(at + 4)) * scale,
      source,
      captured: bytes.subarray(at + 16, at + 16 + length),
      original: bytes.readUInt32LE(at + 12),
    });
    at += 16 + length;
  }
  return packets;
}

const u16 = (/** @type {number} */ value) => Buffer.from([value & 0xff, value >>> 8]);

function u32(/** @type {number} */ value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

const padded = (/** @type {Uint8Array} */ bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
const option = (/** @type {number} */ code, /** @type {Buffer} */ value) =>
  Buffer.concat([u16(code), u16(value.length), padded(value)]);

/** @param {number} type @param {Buffer[]} parts */
function block(type, parts) {
  const body = Buffer.concat(parts);
  const length = u32(body.length + 12);
  return Buffer.concat([u32(type), length, body, length]);
}
