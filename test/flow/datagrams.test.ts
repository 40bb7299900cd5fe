/** UDP's two timeouts, GRE, other protocols, and what is not tracked. */

import { describe, expect, it } from 'vitest';
import { TAGS, tagPlace } from '../../src/flow/tracker.js';
import { CLIENT, icmpv6, other, SERVER, tcp, udp, World } from './rows.js';

const back = { src: SERVER, dst: CLIENT, sport: 80, dport: 40000 };

describe('UDP', () => {
  it('lives 30 s one way, and 30 s after its first answer', () => {
    const world = new World();
    expect([world.play(udp()), world.left]).toEqual(['new', 30]);
    expect([world.wait(3).play(udp()), world.left]).toEqual(['unreplied', 30]);
    expect([world.wait(3).play(udp(back)), world.left]).toEqual(['reply', 30]);
    expect(world.tracker.describe(world.slot)).toMatchObject({ replied: true, assured: false });
  });

  it('is a stream of 120 s from the next packet on, more than 2 s after the first', () => {
    const world = new World();
    world.play(udp());
    world.play(udp(back));
    expect([world.wait(2).play(udp()), world.left]).toEqual(['original', 30]);
    expect([world.wait(0.001).play(udp()), world.left]).toEqual(['original', 120]);
    expect(world.tracker.describe(world.slot).assured).toBe(true);
    expect([world.wait(119.999).play(udp(back)), world.left]).toEqual(['reply', 120]);
    expect(world.wait(120).play(udp(back))).toBe('new');
  });

  it('a late first answer does not make a stream; the packet behind it does', () => {
    const world = new World();
    world.play(udp());
    expect([world.wait(10).play(udp(back)), world.left]).toEqual(['reply', 30]);
    expect([world.play(udp(back)), world.left]).toEqual(['reply', 120]);
  });

  it("keeps the two-second clock where the table's own clock begins anew", () => {
    const world = new World();
    // 2^30 ms = 1,073,741.824 s.
    world.wait(1_073_741).play(udp());
    world.play(udp(back));
    expect([world.wait(1.5).play(udp()), world.left]).toEqual(['original', 30]);
    expect([world.wait(0.5).play(udp()), world.left]).toEqual(['original', 30]);
    expect([world.wait(0.001).play(udp()), world.left]).toEqual(['original', 120]);
    expect(world.live).toBe(1);
  });

  it('tells ports, protocols, families and directions apart', () => {
    const world = new World();
    expect(world.play(udp())).toBe('new');
    expect(world.play(udp({ sport: 40001 }))).toBe('new');
    expect(world.play(udp({ sport: 80, dport: 40000 }))).toBe('new');
    expect(world.play(tcp({ flags: 'S' }))).toBe('new');
    expect(world.play(udp({}, 136))).toBe('new');
    expect(world.play(udp({ src: '::a00:107', dst: '::a00:209' }))).toBe('new');
    // 10.0.1.7 as the first word of an IPv6 address is another address.
    expect(world.play(udp({ src: 'a00:107::', dst: 'a00:209::' }))).toBe('new');
    expect(world.live).toBe(7);
    expect(world.play(udp({ src: '::a00:209', dst: '::a00:107', sport: 80, dport: 40000 }))).toBe('reply');
  });

  it('finds the reply of a socket that talks to itself', () => {
    const world = new World();
    const self = { src: CLIENT, dst: CLIENT, sport: 7, dport: 7 };
    expect(world.play(udp(self))).toBe('new');
    expect(world.play(udp(self))).toBe('reply');
  });

  it('UDP-Lite is a stream from the packet behind the first answer on', () => {
    const world = new World();
    world.play(udp({}, 136));
    expect([world.play(udp(back, 136)), world.left]).toEqual(['reply', 30]);
    expect([world.play(udp({}, 136)), world.left]).toEqual(['original', 120]);
    // RFC 3828, 3.1: no checksum, or one that leaves part of the header out.
    expect(world.play(udp({}, 136, [0, 0, 0, 0, 0, 0, 0, 0]))).toBe('invalid header');
    expect(world.play(udp({}, 136, [0, 0, 0, 0, 0, 7, 1, 1]))).toBe('invalid header');
    expect(world.play(udp({}, 136, [0, 0, 0, 0, 0, 0, 1, 1]))).toBe('original');
  });
});

describe('other protocols', () => {
  it('are connections of two addresses, for 600 s', () => {
    const world = new World();
    expect([world.play(other({}, 89)), world.left]).toEqual(['new', 600]);
    expect(world.play(other({ src: SERVER, dst: CLIENT }, 89))).toBe('reply');
    expect([world.wait(5).play(other({}, 89)), world.left]).toEqual(['original', 600]);
    expect(world.play(other({}, 50))).toBe('new');
  });

  it('GRE: 30 s, 180 s both ways; PPTP by call number', () => {
    const world = new World();
    const plain = [0, 0, 8, 0];
    expect([world.play(other({}, 47, plain)), world.left]).toEqual(['new', 30]);
    expect([world.play(other({ src: SERVER, dst: CLIENT }, 47, plain)), world.left]).toEqual(['reply', 30]);
    expect([world.play(other({}, 47, plain)), world.left]).toEqual(['original', 180]);
    const call = (id: number): number[] => [0x30, 1, 0x88, 0x0b, 0, 0, 0, id];
    expect(world.play(other({}, 47, call(1)))).toBe('new');
    expect(world.play(other({}, 47, call(2)))).toBe('new');
    expect(world.play(other({}, 47, call(1)))).toBe('unreplied');
  });

  it('no next header is invalid, and so is a packet without a readable header', () => {
    const world = new World();
    expect(world.play(other({ src: 'fd00::1', dst: 'fd00::2' }, 59))).toBe('invalid header');
    const cut = udp();
    cut.rows[0] = 2;
    expect(world.play(cut)).toBe('invalid header');
    const wrong = udp();
    wrong.rows[29] = 8;
    expect(world.play(wrong)).toBe('invalid header');
    const arp = udp();
    arp.rows[0] = 1;
    expect(world.play(arp)).toBe('untracked');
    const later = udp();
    later.rows[23] = 2 | (185 << 4);
    expect(world.play(later)).toBe('invalid header');
    expect(world.live).toBe(0);
  });

  it('neighbour discovery and multicast listener messages are untracked, not invalid', () => {
    const world = new World();
    for (const type of [130, 131, 132, 133, 134, 135, 136, 143, 151, 152])
      expect(world.play(icmpv6({ type }))).toBe('untracked');
    expect(world.live).toBe(0);
  });

  it('multicast router termination (153) is invalid to Linux, unlike its siblings', () => {
    expect(new World().play(icmpv6({ type: 153 }))).toBe('invalid header');
  });
});

describe('confirm and discard', () => {
  it('a dropped first packet leaves no entry', () => {
    const world = new World();
    expect(world.play(udp(), false)).toBe('new');
    expect(world.live).toBe(0);
    expect(world.play(udp(), false)).toBe('new');
    expect(world.play(udp())).toBe('new');
    expect(world.play(udp())).toBe('unreplied');
    expect(() => world.tracker.confirm()).toThrow(/without a new connection/);
  });

  it("zeroes the judge's words for a new connection", () => {
    const world = new World({ maxConnections: 1 });
    world.play(udp());
    world.tracker.tag.fill(9, tagPlace(world.slot), tagPlace(world.slot) + TAGS);
    world.wait(60).play(udp());
    world.wait(60).play(udp());
    expect([...world.tracker.tag.subarray(tagPlace(world.slot), tagPlace(world.slot) + TAGS)]).toEqual([0, 0, 0, 0]);
  });

  it('keeps the slot and its words readable with the packet that ends the connection', () => {
    const world = new World();
    world.play(tcp({ flags: 'S', seq: 5 }));
    const slot = world.slot;
    world.tracker.tag[tagPlace(slot)] = 77;
    expect(world.play(tcp({ ...back, flags: 'RA', ack: 6 }))).toBe('reply');
    expect([world.tracker.slot, world.tracker.tag[tagPlace(slot)], world.live]).toEqual([slot, 77, 0]);
  });
});
