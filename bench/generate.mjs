#!/usr/bin/env node
/**
 * A synthetic capture: node bench/generate.mjs FILE [--packets N] [--connections N] [--snap BYTES] [--seed N] ...
 *
 * In:  how many packets, of how many connections at a time between how many pods; `skew`: 1 = all connections equally
 * busy, 2 and more = few busy ones; `life`: packets after which a connection ends and another one begins in its place;
 * `refused`: the share of connections between any two pods, most of which the cluster's policies refuse; the others go where
 * a policy allows them; `ip`: 4 or 6.
 * Out: a pcap file, the same for the same options. TCP with handshakes, sequence numbers and FINs as they belong, UDP
 * questions and answers, pings in IPv4; checksums are left to the network card, as captures on hosts show it.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allowedClient, PREFIX6, podAddress, portOf, protocolOf } from './cluster.mjs';
import { createRandom } from './random.mjs';

export const DEFAULTS = {
  packets: 1_000_000,
  connections: 100_000,
  pods: 2000,
  snap: 96,
  skew: 2,
  life: 200,
  refused: 0.1,
  ip: 4,
  seed: 1,
};

const RECORD = 16;
const ETHERNET = 14;
const BUFFER = 1 << 20;
/** Seconds since 1970 of the first packet. */
export const START = 1_767_225_600;
const MICROSECONDS_APART = 10;
const SYN = 2;
const FIN_ACK = 17;
const ACK = 16;
const SYN_OPTIONS = [2, 4, 5, 180, 4, 2, 1, 1, 1, 3, 3, 7];
const OPTIONS = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1];
const DATA = [0, 0, 90, 517, 1400];

/** Writes the capture. @returns { packets, bytes } */
export function generate(file, options = {}) {
  const { packets, connections, pods, snap, skew, life, refused, ip, seed } = { ...DEFAULTS, ...options };
  const random = createRandom(seed);
  const output = openSync(file, 'w');
  const buffer = Buffer.alloc(BUFFER + 2048);
  const header = Buffer.alloc(24);
  for (const [i, word] of [0xa1b2c3d4, 0x00040002, 0, 0, snap, 1].entries()) header.writeUInt32LE(word, i * 4);
  writeSync(output, header);

  const kind = new Uint8Array(connections);
  const client = new Int32Array(connections);
  const server = new Int32Array(connections);
  const clientPort = new Int32Array(connections);
  const serverPort = new Int32Array(connections);
  const step = new Int32Array(connections);
  /** Next sequence number of the client, and of the server. */
  const sequence = [new Int32Array(connections), new Int32Array(connections)];
  for (let c = 0; c < connections; c++) {
    const chance = random.unit();
    kind[c] = chance < 0.8 ? 6 : chance < 0.95 || ip === 6 ? 17 : 1;
    const to = random.below(pods);
    client[c] = random.unit() < 0.1 ? 0xcb007100 + random.below(256) : podAddress(random.below(pods));
    if (random.unit() >= refused) {
      kind[c] = protocolOf(to);
      if (client[c] < 0xcb007100) client[c] = podAddress(allowedClient(to, random.below(pods), pods));
    }
    server[c] = podAddress(to);
    serverPort[c] = portOf(to);
    clientPort[c] = 32768 + random.below(28000);
    for (const side of sequence) side[c] = random.below(2 ** 32) | 0;
  }

  const ipHeader = ip === 4 ? 20 : 40;
  const writeIp = ({ protocol, from, to, length, number }, at) => {
    buffer.fill(0, at, at + ETHERNET + ipHeader + 32);
    if (ip === 6) {
      buffer.writeUInt16BE(0x86dd, at + 12);
      buffer[at + 14] = 0x60;
      buffer.writeUInt16BE(length, at + 18);
      buffer[at + 20] = protocol;
      buffer[at + 21] = 64;
      for (const [address, offset] of [
        [from, 22],
        [to, 38],
      ]) {
        buffer.writeUInt32BE(PREFIX6, at + offset);
        buffer.writeInt32BE(address | 0, at + offset + 12);
      }
      return;
    }
    buffer.writeUInt16BE(0x0800, at + 12);
    buffer[at + 14] = 0x45;
    buffer.writeUInt16BE(ipHeader + length, at + 16);
    buffer.writeUInt16BE(number & 0xffff, at + 18);
    buffer[at + 22] = 64;
    buffer[at + 23] = protocol;
    buffer.writeInt32BE(from | 0, at + 26);
    buffer.writeInt32BE(to | 0, at + 30);
  };

  /** One packet of connection c at `at`. @returns its length. */
  const packet = (c, number, at) => {
    const turn = step[c]++;
    const l4 = at + ETHERNET + ipHeader;
    let fromServer = turn & 1;
    let length = 8;
    if (kind[c] === 6) {
      const closing = turn - life;
      const flags = turn === 0 ? SYN : turn === 1 ? SYN | ACK : closing === 0 || closing === 1 ? FIN_ACK : ACK;
      if (turn > 2 && closing < 0) fromServer = random.unit() < 0.5 ? 1 : 0;
      if (closing >= 0) fromServer = closing & 1;
      const data = flags === ACK && closing < 0 && turn > 2 ? random.pick(DATA) : 0;
      const options = turn < 2 ? SYN_OPTIONS : OPTIONS;
      length = 20 + options.length + data;
      write(c, fromServer, 6, length, number, at);
      buffer.writeInt32BE(sequence[fromServer][c], l4 + 4);
      if (turn > 0) buffer.writeInt32BE(sequence[1 - fromServer][c], l4 + 8);
      buffer[l4 + 12] = ((20 + options.length) / 4) << 4;
      buffer[l4 + 13] = flags;
      buffer.writeUInt16BE(0xfff0, l4 + 14);
      for (let i = 0; i < options.length; i++) buffer[l4 + 20 + i] = options[i];
      sequence[fromServer][c] = (sequence[fromServer][c] + data + (flags === ACK ? 0 : 1)) | 0;
      if (closing === 2) begin(c);
    } else if (kind[c] === 17) {
      length = 8 + 40 + (turn & 1) * 120;
      write(c, fromServer, 17, length, number, at);
      buffer.writeUInt16BE(length, l4 + 4);
      if (turn >= life) begin(c);
    } else {
      length = 64;
      write(c, fromServer, 1, length, number, at);
      buffer[l4] = fromServer ? 0 : 8;
      buffer[l4 + 1] = 0;
      buffer.writeUInt16BE(clientPort[c], l4 + 4);
      buffer.writeUInt16BE(turn >> 1, l4 + 6);
    }
    return ETHERNET + ipHeader + length;
  };
  const write = (c, fromServer, protocol, length, number, at) => {
    const from = fromServer ? server[c] : client[c];
    writeIp({ protocol, from, to: fromServer ? client[c] : server[c], length, number }, at);
    const l4 = at + ETHERNET + ipHeader;
    buffer.writeUInt16BE(fromServer ? serverPort[c] : clientPort[c], l4);
    buffer.writeUInt16BE(fromServer ? clientPort[c] : serverPort[c], l4 + 2);
  };
  const begin = c => {
    step[c] = 0;
    clientPort[c] = 32768 + ((clientPort[c] - 32767) % 28000);
    for (const side of sequence) side[c] = random.below(2 ** 32) | 0;
  };

  let used = 0;
  let bytes = header.length;
  for (let n = 0; n < packets; n++) {
    const c = Math.floor(random.unit() ** skew * connections);
    const length = packet(c, n, used + RECORD);
    const kept = Math.min(length, snap);
    const time = n * MICROSECONDS_APART;
    buffer.writeUInt32LE(START + Math.floor(time / 1e6), used);
    buffer.writeUInt32LE(time % 1e6, used + 4);
    buffer.writeUInt32LE(kept, used + 8);
    buffer.writeUInt32LE(length, used + 12);
    used += RECORD + kept;
    if (used >= BUFFER - 2048 || n === packets - 1) {
      writeSync(output, buffer, 0, used);
      bytes += used;
      used = 0;
    }
  }
  closeSync(output);
  return { packets, bytes };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = Object.fromEntries(Object.keys(DEFAULTS).map(name => [name, { type: 'string' }]));
  const { values, positionals } = parseArgs({ options: names, allowPositionals: true });
  if (positionals.length !== 1) throw new Error('usage: node bench/generate.mjs FILE [--packets N] ...');
  const numbers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
  const { packets, bytes } = generate(positionals[0], numbers);
  process.stderr.write(`${positionals[0]}: ${packets} packets, ${bytes} bytes\n`);
}
