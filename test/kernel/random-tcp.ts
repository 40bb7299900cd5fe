/**
 * One TCP connection of the random traffic: two ends that mostly follow their protocol.
 *
 * In:  random numbers, the ends.  Out: a segment a call. The ends open (from a SYN, a split or simultaneous open, or the
 * middle), talk, close or reset in any order, and open again on the same ports.
 */
import * as f from '../support/frames.js';
import type { Talk } from './generate.js';
import { noise, type Random } from './random.js';
import { type Ends, packetOf } from './random-other.js';

interface Side {
  /** Next sequence number. */
  seq: number;
  window: number;
  options: Uint8Array;
}

const FLAGS = ['S', 'SA', 'A', 'PA', 'FA', 'R', 'RA', 'F', 'SF', '', 'FPU', 'SU', 'FAU', 'AU', 'SR', 'PAEC'];
const STEPS = ['data', 'data', 'data', 'ack', 'ack', 'fin', 'reset', 'lie', 'any', 'keepalive', 'syn', 'zero'] as const;

export function createTcpTalk(random: Random, ends: Ends): Talk {
  const newSide = (): Side => ({
    seq: random.chance(200) ? 0xffffffff - random.below(3000) : random.below(0x7fffffff) * 2,
    window: random.pick([0, 1, 100, 1000, 64240, 65535]),
    options: f.tcpOptions({
      ...(random.chance(700) && { mss: 1460 }),
      ...(random.chance(600) && { scale: random.below(16) }),
      ...(random.chance(600) && { sackPermitted: true }),
    }),
  });
  let sides: [Side, Side] = [newSide(), newSide()];
  let script = random.pick(OPENINGS);
  let step = 0;

  const segment = (from: 0 | 1, flags: string, extra: f.TcpFields = {}): Uint8Array => {
    const side = sides[from];
    const other = sides[1 - from]!;
    const length = extra.payload?.length ?? 0;
    const fields: f.TcpFields = {
      flags,
      seq: side.seq >>> 0,
      ack: flags.includes('A') ? other.seq >>> 0 : 0,
      window: side.window,
      ...(flags.includes('S') && { options: side.options }),
      ...extra,
    };
    if (extra.seq === undefined) side.seq = (side.seq + length + (/[SF]/.test(flags) ? 1 : 0)) >>> 0;
    return packetOf(ends, from, ports => f.tcp({ ...ports, ...fields }));
  };
  const off = (value: number): number =>
    (value + random.pick([-1, 1, -100, 100, -70000, 70000, 0x40000000, -0x40000000, random.below(2000) - 1000])) >>> 0;

  return {
    next() {
      if (step < script.length) {
        const [from, flags] = script[step++]!;
        return segment(from, flags);
      }
      const from = random.below(2) as 0 | 1;
      const side = sides[from];
      const other = sides[1 - from]!;
      switch (random.pick(STEPS)) {
        case 'data':
          return segment(from, 'PA', { payload: noise(random, random.pick([1, 10, 500, 1460])) });
        case 'ack':
          return segment(from, 'A', random.chance(200) ? { options: sackOf(random, other.seq) } : {});
        case 'zero':
          return segment(from, 'A', { window: random.pick([0, 0, side.window]) });
        case 'keepalive':
          return segment(from, 'A', { seq: (side.seq - 1) >>> 0 });
        case 'fin':
          return random.chance(400) ? segment(from, 'FA') : segment(from, 'A');
        case 'reset':
          if (!random.chance(250)) return segment(from, 'A');
          return segment(
            from,
            random.pick(['R', 'RA']),
            random.chance(500) ? { seq: off(side.seq) } : { seq: side.seq },
          );
        case 'lie':
          return segment(from, random.pick(['A', 'PA', 'FA', 'R']), { seq: off(side.seq), ack: off(other.seq) });
        case 'any':
          return segment(from, random.pick(FLAGS), { seq: random.chance(500) ? side.seq : off(side.seq) });
        case 'syn':
          if (!random.chance(300)) return segment(from, 'A');
          sides = [newSide(), newSide()];
          script = random.pick(OPENINGS);
          step = 1;
          return segment(script[0]![0], script[0]![1]);
      }
    },
  };
}

const sackOf = (random: Random, end: number): Uint8Array => {
  const right = (end + random.pick([0, 0, -10, 10, 5000])) >>> 0;
  return f.tcpOptions({ sack: [[(right - 10) >>> 0, right]] });
};

type Opening = readonly (readonly [0 | 1, string])[];
const HANDSHAKE: Opening = [
  [0, 'S'],
  [1, 'SA'],
  [0, 'A'],
];
/** How connections begin: by whom, with which flags. The last ACK may be anything that comes next. */
const OPENINGS: readonly Opening[] = [
  HANDSHAKE,
  HANDSHAKE,
  HANDSHAKE,
  HANDSHAKE,
  [[0, 'S']],
  [
    [0, 'S'],
    [1, 'SA'],
  ],
  [
    [0, 'S'],
    [1, 'S'],
    [0, 'SA'],
    [1, 'SA'],
  ],
  [
    [0, 'S'],
    [1, 'A'],
    [1, 'S'],
    [0, 'SA'],
  ],
  [[1, 'SA']],
  [[0, 'A']],
  [[1, 'PA']],
  [
    [0, 'S'],
    [1, 'RA'],
  ],
];
