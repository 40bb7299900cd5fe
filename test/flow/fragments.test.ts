/** Fragments find the record of their first one. */
import { describe, expect, it } from 'vitest';
import { createFragments } from '../../src/flow/fragments.js';
import { CLIENT, fragment, type Packet, SERVER } from './rows.js';

const S = 1e9;
const find = (fragments: ReturnType<typeof createFragments>, packet: Packet, now: number): number => {
  const index = fragments.find(packet.rows, 0, now);
  return index < 0 ? -1 : fragments.record[index * fragments.words]!;
};
const remember = (fragments: ReturnType<typeof createFragments>, packet: Packet, now: number, value: number): void => {
  fragments.record[fragments.remember(packet.rows, 0, now) * fragments.words] = value;
};

describe('fragments', () => {
  it('are found by addresses, protocol and identification', () => {
    const fragments = createFragments();
    remember(fragments, fragment({}, 7, 0, true), 0, 41);
    remember(fragments, fragment({}, 8, 0, true), 0, 42);
    remember(fragments, fragment({}, 7, 0, true, 6), 0, 43);
    remember(fragments, fragment({ src: SERVER, dst: CLIENT }, 7, 0, true), 0, 44);
    expect(find(fragments, fragment({}, 7, 185, true), 1)).toBe(41);
    expect(find(fragments, fragment({}, 8, 185, false), 1)).toBe(42);
    expect(find(fragments, fragment({}, 7, 185, false, 6), 1)).toBe(43);
    expect(find(fragments, fragment({ src: SERVER, dst: CLIENT }, 7, 1, false), 1)).toBe(44);
    expect(find(fragments, fragment({ dst: '10.0.2.10' }, 7, 1, false), 1)).toBe(-1);
    expect(find(fragments, fragment({}, 9, 1, false), 1)).toBe(-1);
  });

  it('IPv6: the protocol is not part of it, the 32-bit identification is', () => {
    const fragments = createFragments();
    const ends = { src: 'fd00::1', dst: 'fd00::2' };
    remember(fragments, fragment(ends, 0x12340007, 0, true, 17), 0, 41);
    expect(find(fragments, fragment(ends, 0x12340007, 5, false, 60), 1)).toBe(41);
    expect(find(fragments, fragment(ends, 7, 5, false, 17), 1)).toBe(-1);
  });

  it('are known for 30 s (IPv4) and 60 s (IPv6) from the first seen on, whatever repeats', () => {
    const fragments = createFragments();
    const v6 = { src: 'fd00::1', dst: 'fd00::2' };
    remember(fragments, fragment({}, 7, 0, true), 0, 41);
    remember(fragments, fragment(v6, 7, 0, true), 0, 42);
    remember(fragments, fragment({}, 7, 0, true), 20 * S, 41);
    expect(find(fragments, fragment({}, 7, 1, false), 30 * S - 1)).toBe(41);
    expect(find(fragments, fragment({}, 7, 1, false), 30 * S)).toBe(-1);
    expect(find(fragments, fragment(v6, 7, 1, false), 60 * S - 1)).toBe(42);
    expect(find(fragments, fragment(v6, 7, 1, false), 60 * S)).toBe(-1);
    // The identification comes round again: a new datagram.
    remember(fragments, fragment({}, 7, 0, true), 31 * S, 43);
    expect(find(fragments, fragment({}, 7, 1, false), 60 * S)).toBe(43);
  });

  it('follow the timeouts a user sets', () => {
    const fragments = createFragments({ timeouts: { ip_fragment: 1 } });
    remember(fragments, fragment({}, 7, 0, true), 0, 41);
    expect(find(fragments, fragment({}, 7, 1, false), 1 * S)).toBe(-1);
    expect(() => createFragments({ timeouts: { fragment: 1 } })).toThrow(/no timeout/);
    expect(() => createFragments({ maxDatagrams: 3 })).toThrow(/power of two/);
  });

  it('take fixed memory: the oldest makes room, the others stay', () => {
    const fragments = createFragments({ maxDatagrams: 64 });
    for (let id = 0; id < 10_000; id++) {
      remember(fragments, fragment({}, id, 0, true), id, id + 1);
      for (const past of [0, 1, 31, 63]) {
        if (past <= id) expect(find(fragments, fragment({}, id - past, 1, false), id)).toBe(id - past + 1);
      }
      if (id >= 64) expect(find(fragments, fragment({}, id - 64, 1, false), id)).toBe(-1);
    }
    expect(fragments.record.length).toBe(64 * fragments.words);
  });
});
