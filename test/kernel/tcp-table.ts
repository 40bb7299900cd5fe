/**
 * The TCP state table as traffic: every state x direction x set of flags, each on a connection of its own.
 *
 * In:  nothing.  Out: packets, in order, and which of them are the probes: a connection is driven into its state, and then
 * one packet with the flags arrives, in the window. tcp-table.txt holds the kernel's answers, a line a probe.
 */
import * as f from '../support/frames.js';
import type { TimedPacket } from './policap.js';

/** How a state is reached: who sends which flags, and where the sequence numbers then stand. */
interface Drive {
  readonly name: string;
  readonly steps: readonly (readonly ['client' | 'server', string])[];
}
const OPEN = [
  ['client', 'S'],
  ['server', 'SA'],
  ['client', 'A'],
  ['client', 'PA'],
  ['server', 'A'],
] as const;

export const DRIVES: readonly Drive[] = [
  { name: 'NONE', steps: [] },
  { name: 'SYN_SENT', steps: OPEN.slice(0, 1) },
  { name: 'SYN_RECV', steps: OPEN.slice(0, 2) },
  { name: 'ESTABLISHED', steps: OPEN },
  { name: 'FIN_WAIT', steps: [...OPEN, ['client', 'FA']] },
  { name: 'CLOSE_WAIT', steps: [...OPEN, ['client', 'FA'], ['server', 'A']] },
  { name: 'LAST_ACK', steps: [...OPEN, ['client', 'FA'], ['server', 'FA']] },
  { name: 'TIME_WAIT', steps: [...OPEN, ['client', 'FA'], ['server', 'FA'], ['client', 'A']] },
  { name: 'CLOSE-by-server', steps: [...OPEN, ['server', 'R']] },
  { name: 'CLOSE-by-client', steps: [...OPEN, ['client', 'R']] },
  {
    name: 'SYN_SENT2',
    steps: [
      ['client', 'S'],
      ['server', 'S'],
    ],
  },
  { name: 'picked-up', steps: [['client', 'A']] },
];

const LETTERS = 'FSRPAU';
const flagsOf = (bits: number): string => [...LETTERS].filter((_, i) => (bits >> i) & 1).join('') || '-';

export interface Probe {
  /** `ESTABLISHED reply SA` */
  readonly name: string;
  readonly packet: number;
}

export function tcpTable(family: 4 | 6): { packets: TimedPacket[]; probes: Probe[] } {
  const packets: TimedPacket[] = [];
  const probes: Probe[] = [];
  const [client, server] = family === 4 ? ['10.0.1.2', '10.0.2.3'] : ['fd00:1::2', 'fd00:2::3'];
  let port = 10000;
  for (const { name, steps } of DRIVES) {
    for (const side of ['original', 'reply'] as const) {
      // Without a connection every packet is in the original direction.
      if (name === 'NONE' && side === 'reply') continue;
      for (let bits = 0; bits < 64; bits++) {
        port++;
        const next = { client: 1000, server: 5000 };
        const send = (from: 'client' | 'server', flags: string): void => {
          const to = from === 'client' ? 'server' : 'client';
          const payload = new Uint8Array(flags.includes('P') && steps.length > 0 && !flags.includes('S') ? 10 : 0);
          const [sport, dport] = from === 'client' ? [port, 80] : [80, port];
          const fields = {
            sport,
            dport,
            flags: flags.replace('-', ''),
            seq: next[from],
            ack: flags.includes('A') ? next[to] : 0,
            payload,
          };
          const [src, dst] = from === 'client' ? [client, server] : [server, client];
          const segment = f.tcp(fields);
          const bytes = family === 4 ? f.ipv4({ src, dst }, segment) : f.ipv6({ src, dst }, segment);
          packets.push({ time: Math.round(packets.length / 10) / 1000, bytes });
          next[from] += payload.length + (/[SF]/.test(flags) ? 1 : 0);
        };
        for (const [from, flags] of steps) send(from, flags);
        probes.push({ name: `${name} ${side} ${flagsOf(bits)}`, packet: packets.length });
        send(side === 'original' ? 'client' : 'server', flagsOf(bits));
      }
    }
  }
  return { packets, probes };
}
