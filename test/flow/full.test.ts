/** A full table: who goes, in which order, and what a SYN flood cannot do. */
import fc from 'fast-check';
import { LRUCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { CLIENT, Conversation, SERVER, tcp, udp, World } from './rows.js';

const there = (port: number) => udp({ sport: port, dport: 53 });
const back = (port: number) => udp({ src: SERVER, dst: CLIENT, sport: 53, dport: port });
const syn = (i: number) =>
  tcp({ src: `172.16.${(i >> 8) & 255}.${i & 255}`, sport: 1024 + (i >> 16), flags: 'S', seq: i });

describe('a full table', () => {
  it('lets the oldest unreplied connection go first, and counts it', () => {
    const world = new World({ maxConnections: 3 });
    for (const port of [1, 2, 3]) world.play(there(port));
    world.play(back(1));
    expect(world.play(there(4))).toBe('new');
    expect(world.tracker.counters()).toEqual({
      live: 3,
      most: 3,
      created: 4,
      expired: 0,
      earlyEvictions: 1,
      refusedFull: 0,
    });
    expect([1, 3, 4].map(port => world.play(there(port)))).toEqual(['original', 'unreplied', 'unreplied']);
    expect(world.play(there(2))).toBe('new');
    expect(world.play(there(3))).toBe('new');
  });

  it('then those that are answered but not assured, or closing; never an assured one', () => {
    const world = new World({ maxConnections: 3 });
    const talks = [1, 2, 3].map(sport => new Conversation({ sport }));
    for (const talk of talks) talk.handshake(world);
    expect(world.play(there(9))).toBe('full');
    expect(world.tracker.counters()).toMatchObject({ live: 3, refusedFull: 1, earlyEvictions: 0 });
    world.play(talks[1]!.fromClient('FA'));
    expect(world.play(there(9))).toBe('new');
    expect(world.play(talks[0]!.fromClient('A'))).toBe('original');
    expect(world.play(talks[2]!.fromClient('A'))).toBe('original');
    expect(world.play(talks[1]!.fromServer('A'))).toBe('new');
  });

  it('a dropped first packet makes no room', () => {
    const world = new World({ maxConnections: 1 });
    world.play(there(1));
    expect(world.play(there(2), false)).toBe('new');
    expect(world.play(there(1))).toBe('unreplied');
    expect(world.tracker.counters().earlyEvictions).toBe(0);
  });

  it('expired connections make room before any live one is evicted', () => {
    const world = new World({ maxConnections: 2 });
    world.play(there(1));
    world.wait(20).play(there(2));
    world.wait(10).play(there(3));
    expect(world.tracker.counters()).toMatchObject({ expired: 1, earlyEvictions: 0, live: 2 });
    expect(world.play(there(2))).toBe('unreplied');
  });

  it('is as exact as a model on lru-cache', () => {
    const step = fc.tuple(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom('there', 'back', 'wait'),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
        const timeouts = { udp: 1_000_000, udp_stream: 1_000_000 };
        const world = new World({ maxConnections: capacity, timeouts });
        // Never read with get(): least recently used is then first in, first out.
        const unreplied = new LRUCache<number, number>({ max: 1000 });
        const settled = new LRUCache<number, number>({ max: 1000 });
        const assured = new Map<number, number>();
        let now = 0;
        let evictions = 0;
        let refused = 0;
        for (const [port, what, seconds] of steps) {
          if (what === 'wait') {
            now += seconds;
            world.wait(seconds);
            continue;
          }
          // Connections are named by their client's port; an answer without a question opens its own, under -port.
          const forward = what === 'there';
          const has = (name: number): boolean => unreplied.has(name) || settled.has(name) || assured.has(name);
          const name = has(port) ? port : has(-port) ? -port : forward ? port : -port;
          const answers = forward !== name > 0;
          let expected: string;
          if (!has(name)) {
            if (unreplied.size + settled.size + assured.size === capacity) {
              if (unreplied.size > 0) unreplied.pop();
              else if (settled.size > 0) settled.pop();
              else refused++;
              if (assured.size < capacity) evictions++;
            }
            expected = assured.size < capacity ? 'new' : 'full';
            if (expected === 'new') unreplied.set(name, now);
          } else if (unreplied.has(name)) {
            expected = answers ? 'reply' : 'unreplied';
            if (answers) {
              settled.set(name, unreplied.peek(name)!);
              unreplied.delete(name);
            }
          } else {
            expected = answers ? 'reply' : 'original';
            if (settled.has(name) && now > settled.peek(name)! + 2) {
              assured.set(name, now);
              settled.delete(name);
            }
          }
          expect(world.play(forward ? there(port) : back(port))).toBe(expected);
          expect(world.tracker.counters()).toMatchObject({
            live: unreplied.size + settled.size + assured.size,
            earlyEvictions: evictions,
            refusedFull: refused,
          });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a SYN flood', () => {
  it("of many times the table's size costs no connection that saw traffic both ways", () => {
    const size = 1000;
    const world = new World({ maxConnections: size });
    const talks = Array.from({ length: 100 }, (_, i) => new Conversation({ sport: 30_000 + i }));
    for (const talk of talks) talk.handshake(world);
    for (let port = 1; port <= 50; port++) {
      world.play(there(port));
      world.play(back(port));
    }
    const half = Array.from({ length: 20 }, (_, i) => new Conversation({ sport: 31_000 + i }));
    for (const talk of half) {
      world.play(talk.fromClient('S'));
      world.play(talk.fromServer('SA'));
    }
    const flood = 20 * size;
    for (let i = 0; i < flood; i++) {
      expect(world.play(syn(i))).toBe('new');
      if (i % 10 === 0) {
        world.wait(0.001);
        const talk = talks[(i / 10) % talks.length]!;
        expect(world.play(talk.fromClient('PA', { length: 100 }))).toBe('original');
        expect(world.play(talk.fromServer('A'))).toBe('reply');
      }
    }
    for (let port = 1; port <= 50; port++) expect(world.play(back(port))).toBe('reply');
    for (const talk of half) expect(world.play(talk.fromClient('A'))).toBe('original');
    for (const talk of talks) expect(world.play(talk.fromServer('A'))).toBe('reply');
    expect(world.tracker.counters()).toEqual({
      live: size,
      most: size,
      created: flood + 170,
      expired: 0,
      earlyEvictions: flood + 170 - size,
      refusedFull: 0,
    });
  });

  it("takes no memory beyond the table's, and leaves it when it is over", () => {
    const world = new World({ maxConnections: 500 });
    const { bytes } = world.tracker;
    for (let i = 0; i < 5000; i++) world.play(syn(i));
    expect(world.tracker.bytes).toBe(bytes);
    world.wait(121).play(there(1));
    expect(world.tracker.counters()).toMatchObject({ live: 1, expired: 500, earlyEvictions: 4500 });
  });
});

it('refuses impossible sizes', () => {
  for (const maxConnections of [0, -1, 1.5, 2 ** 26, Number.NaN])
    expect(() => new World({ maxConnections })).toThrow(/maxConnections: .* is not a whole number from 1 to/);
});
