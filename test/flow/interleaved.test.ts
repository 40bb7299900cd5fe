/** Any interleaving of well-formed connections: nothing is ever invalid, and each is found again as itself. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIENT, Conversation, icmp, type Packet, SERVER, type Segment, udp, World } from './rows.js';

type Script = (() => { packet: Packet; expected: string | null })[];

/** A TCP connection as real stacks make them: handshake, data and ACKs with losses repeated, an end or none. */
const tcpScript = (
  sport: number,
  isn: [number, number],
  scale: [number, number] | null,
  exchanges: { client: boolean; length: number; repeat: boolean; delayed: boolean }[],
  end: 'client' | 'server' | 'reset' | 'none',
): Script => {
  const talk = new Conversation({ sport }, isn[0], isn[1]);
  const options = (side: number): Segment => (scale === null ? {} : { scale: scale[side]!, sackPermitted: true });
  const script: Script = [];
  const add = (make: () => Packet, expected: string | null): void => {
    script.push(() => ({ packet: make(), expected }));
  };
  let last: Packet;
  const note = (packet: Packet): Packet => {
    last = packet;
    return packet;
  };
  add(() => note(talk.fromClient('S', options(0))), 'new');
  add(() => note(talk.fromServer('SA', options(1))), 'reply');
  add(() => talk.fromClient('A'), 'original');
  for (const { client, length, repeat, delayed } of exchanges) {
    const expected = client ? 'original' : 'reply';
    add(() => note(client ? talk.fromClient('PA', { length }) : talk.fromServer('PA', { length })), expected);
    if (repeat) add(() => last, expected);
    if (!delayed) add(() => (client ? talk.fromServer('A') : talk.fromClient('A')), client ? 'reply' : 'original');
  }
  if (end === 'reset') add(() => talk.fromServer('RA'), 'reply');
  else if (end !== 'none') {
    const first = end === 'client';
    const side = (own: boolean, flags: string): Packet =>
      own === first ? talk.fromClient(flags) : talk.fromServer(flags);
    const word = (own: boolean): string => (own === first ? 'original' : 'reply');
    add(() => side(true, 'FA'), word(true));
    add(() => side(false, 'A'), word(false));
    add(() => side(false, 'FA'), word(false));
    add(() => side(true, 'A'), word(true));
  }
  return script;
};

const udpScript = (sport: number, directions: boolean[]): Script => {
  let answered = false;
  return [true, ...directions].map((forward, i) => () => {
    const expected = i === 0 ? 'new' : forward ? (answered ? 'original' : 'unreplied') : 'reply';
    if (!forward) answered = true;
    const ends = { sport, dport: 53 };
    return { packet: udp(forward ? ends : { src: SERVER, dst: CLIENT, sport: 53, dport: sport }), expected };
  });
};
const pingScript = (id: number, count: number): Script =>
  Array.from({ length: count * 2 }, (_, i) => () => ({
    packet: i % 2 === 0 ? icmp({ type: 8, id }) : icmp({ src: SERVER, dst: CLIENT, type: 0, id }),
    expected: i === 0 ? 'new' : i % 2 === 0 ? 'original' : 'reply',
  }));

const u32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 2 ** 32 - 5000, max: 2 ** 32 - 1 }));
const exchange = fc.record({
  client: fc.boolean(),
  length: fc.integer({ min: 1, max: 1448 }),
  repeat: fc.boolean(),
  delayed: fc.boolean(),
});
const script = (i: number) =>
  fc.oneof(
    fc
      .tuple(
        fc.tuple(u32, u32),
        fc.option(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 14 }))),
        fc.array(exchange, { maxLength: 20 }),
        fc.constantFrom('client', 'server', 'reset', 'none'),
      )
      .map(([isn, scale, exchanges, end]) => tcpScript(20_000 + i, isn, scale, exchanges, end as 'client')),
    fc.array(fc.boolean(), { maxLength: 10 }).map(directions => udpScript(20_000 + i, directions)),
    fc.integer({ min: 1, max: 5 }).map(count => pingScript(i, count)),
  );

describe('random interleavings of well-formed connections', () => {
  it('never yield an invalid packet, and every connection is itself', () => {
    fc.assert(
      fc.property(
        fc.tuple(...Array.from({ length: 8 }, (_, i) => script(i))),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2000 })), { minLength: 200, maxLength: 400 }),
        (scripts, order) => {
          const world = new World({ maxConnections: 8 });
          const slots = new Map<number, number>();
          const at = scripts.map(() => 0);
          for (const [pick, milliseconds] of order) {
            const open = scripts.map((_, i) => i).filter(i => at[i]! < scripts[i]!.length);
            if (open.length === 0) break;
            // Short waits only where many packets pass, so that nothing expires between two of one connection.
            world.wait(milliseconds / 1e5);
            const i = open[pick % open.length]!;
            const { packet, expected } = scripts[i]![at[i]!++]!();
            expect(world.play(packet)).toBe(expected);
            if (expected === 'new') slots.set(i, world.slot);
            expect(world.slot).toBe(slots.get(i));
          }
          expect(world.tracker.counters()).toMatchObject({ live: slots.size, earlyEvictions: 0, expired: 0 });
        },
      ),
      { numRuns: 400 },
    );
  });
});
