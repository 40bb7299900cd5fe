/**
 * Synthetic captures: connections between pods -> a pcap file, in chunks, the same for the same options.
 *
 * TCP with handshakes, sequence numbers and FINs as they belong, UDP questions and answers, pings in IPv4; checksums are left
 * to the network card, as captures on hosts show it. A connection that has ended begins anew with another port of its
 * client's. How packets look is frames.ts's business.
 */
import { type Ends, OUTSIDERS } from './ends.js';
import { createFrames, type Frames } from './frames.js';
import { createXorshift, type Random } from './random.js';

export interface CaptureOptions {
  readonly packets: number;
  /** At a time. */
  readonly connections: number;
  /** Bytes of a packet that are kept. */
  readonly snap: number;
  /** 1 = all connections equally busy; 2 and more = few busy ones. */
  readonly skew: number;
  /** Packets after which a connection ends and another one begins in its place. */
  readonly life: number;
  /** The share of connections from anywhere, a tenth from outside, whether they may or not; the others go where they are allowed. */
  readonly refused: number;
  /** Microseconds from a packet to the next. */
  readonly apart: number;
  readonly seed: number;
}

export const CAPTURE_DEFAULTS: CaptureOptions = {
  packets: 1_000_000,
  connections: 100_000,
  snap: 96,
  skew: 2,
  life: 200,
  refused: 0.1,
  apart: 10,
  seed: 1,
};

const CHUNK = 1 << 20;
/** A record's header and the largest packet. */
const LARGEST = 2048;
const RECORD = 16;
/** Seconds since 1970 of the first packet. */
const START = 1_767_225_600;
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const SYN = 2;
const FIN_ACK = 17;
const ACK = 16;
/** Bytes of data a TCP packet may have. */
const DATA: readonly number[] = [0, 0, 90, 517, 1400];
/** Servers that are tried where policies let nobody connect: then anybody does. */
const SERVERS = 64;
const FIRST_PORT = 32768;
const PORTS = 28000;

/** Chunks of the file; each is overwritten by the next. */
export function* generateCapture(ends: Ends, options: CaptureOptions): Generator<Uint8Array> {
  const { packets, connections, snap, skew, apart, seed } = options;
  const random = createXorshift(seed);
  const bytes = new Uint8Array(CHUNK + LARGEST);
  const view = new DataView(bytes.buffer);
  [0xa1b2c3d4, 0x00040002, 0, 0, snap, 1].forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  yield bytes.subarray(0, 24);
  const traffic = new Traffic(ends, options, random, createFrames(bytes, ends));
  let used = 0;
  for (let n = 0; n < packets; n++) {
    const connection = Math.floor(random.unit() ** skew * connections);
    const length = traffic.packet(connection, n, used + RECORD);
    const kept = Math.min(length, snap);
    const time = n * apart;
    view.setUint32(used, START + Math.floor(time / 1e6), true);
    view.setUint32(used + 4, time % 1e6, true);
    view.setUint32(used + 8, kept, true);
    view.setUint32(used + 12, length, true);
    used += RECORD + kept;
    if (used >= CHUNK - LARGEST || n === packets - 1) {
      yield bytes.subarray(0, used);
      used = 0;
    }
  }
}

/** Where each connection stands. */
class Traffic {
  private readonly protocol: Uint8Array;
  private readonly client: Int32Array;
  private readonly server: Int32Array;
  private readonly clientPort: Int32Array;
  private readonly step: Int32Array;
  /** Next sequence number of the client, and of the server. */
  private readonly sequence: readonly [Int32Array, Int32Array];

  constructor(
    private readonly ends: Ends,
    private readonly options: CaptureOptions,
    private readonly random: Random,
    private readonly frames: Frames,
  ) {
    const { connections } = options;
    this.protocol = new Uint8Array(connections);
    this.client = new Int32Array(connections);
    this.server = new Int32Array(connections);
    this.clientPort = new Int32Array(connections);
    this.step = new Int32Array(connections);
    this.sequence = [new Int32Array(connections), new Int32Array(connections)];
    for (let c = 0; c < connections; c++) this.draw(c);
  }

  private draw(c: number): void {
    const { ends, random, options } = this;
    const chance = random.unit();
    this.protocol[c] = chance < 0.8 ? TCP : chance < 0.95 || ends.ip === 6 ? UDP : ICMP;
    let to = random.below(ends.count);
    let from = random.unit() < 0.1 ? ends.count + random.below(OUTSIDERS) : random.below(ends.count);
    if (random.unit() >= options.refused) {
      let client = ends.client(to, random.below(ends.count), random);
      for (let tries = 0; tries < SERVERS && client < 0; tries++) {
        to = random.below(ends.count);
        client = ends.client(to, random.below(ends.count), random);
      }
      this.protocol[c] = ends.protocol(to);
      from = client < 0 ? random.below(ends.count) : client;
    }
    this.client[c] = from;
    this.server[c] = to;
    this.clientPort[c] = FIRST_PORT + random.below(PORTS);
    this.number(c);
  }

  private number(c: number): void {
    for (const side of this.sequence) side[c] = this.random.below(2 ** 32) | 0;
  }

  private begin(c: number): void {
    this.step[c] = 0;
    this.clientPort[c] = FIRST_PORT + ((this.clientPort[c]! - FIRST_PORT + 1) % PORTS);
    this.number(c);
  }

  /** Writes the next packet of a connection. @returns its length */
  packet(c: number, number: number, at: number): number {
    const turn = this.step[c]!++;
    const protocol = this.protocol[c]!;
    if (protocol === TCP) return this.segment(c, turn, number, at);
    const fromServer = turn & 1;
    this.address(c, fromServer, number, at);
    if (protocol === ICMP) return this.frames.echo(fromServer === 0, this.clientPort[c]!, turn >> 1);
    const length = this.frames.datagram(40 + fromServer * 120);
    if (turn >= this.options.life) this.begin(c);
    return length;
  }

  private segment(c: number, turn: number, number: number, at: number): number {
    const { random, sequence } = this;
    const closing = turn - this.options.life;
    const isClosing = closing >= 0;
    const flags = turn === 0 ? SYN : turn === 1 ? SYN | ACK : closing === 0 || closing === 1 ? FIN_ACK : ACK;
    let fromServer = turn & 1;
    if (turn > 2 && !isClosing) fromServer = random.unit() < 0.5 ? 1 : 0;
    if (isClosing) fromServer = closing & 1;
    const data = flags === ACK && !isClosing && turn > 2 ? random.pick(DATA) : 0;
    const own = sequence[fromServer]!;
    const acknowledged = turn > 0 ? sequence[1 - fromServer]![c]! : 0;
    this.address(c, fromServer, number, at);
    const length = this.frames.segment(flags, own[c]!, acknowledged, turn < 2, data);
    own[c] = (own[c]! + data + (flags === ACK ? 0 : 1)) | 0;
    if (closing === 2) this.begin(c);
    return length;
  }

  private address(c: number, fromServer: number, number: number, at: number): void {
    const { frames } = this;
    const client = this.client[c]!;
    const server = this.server[c]!;
    const port = this.ends.port(server);
    if (fromServer) frames.begin(at, number, server, client, port, this.clientPort[c]!);
    else frames.begin(at, number, client, server, this.clientPort[c]!, port);
  }
}
