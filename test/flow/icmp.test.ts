/** ICMP and ICMPv6: requests and replies, and errors matched by the packet they quote. */
import { describe, expect, it } from 'vitest';
import { ipv4, ipv6, type Segment, tcp as tcpSegment, udp as udpSegment } from '../support/frames.js';
import { CLIENT, Conversation, icmp, icmpv6, other, SERVER, tcp, udp, World } from './rows.js';

const back = { src: SERVER, dst: CLIENT };

describe('ICMP requests', () => {
  it.each([
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ])('type %d is answered by %d with the same identifier and code', (request, reply) => {
    const world = new World();
    expect([world.play(icmp({ type: request, id: 7 })), world.left]).toEqual(['new', 30]);
    expect(world.wait(1).play(icmp({ type: request, id: 7 }))).toBe('unreplied');
    expect(world.play(icmp({ ...back, type: reply, id: 8 }))).toBe('invalid no-entry');
    expect(world.play(icmp({ ...back, type: reply, id: 7, code: 1 }))).toBe('invalid no-entry');
    expect(world.play(icmp({ type: reply, id: 7 }))).toBe('invalid no-entry');
    expect([world.wait(20).play(icmp({ ...back, type: reply, id: 7 })), world.left]).toEqual(['reply', 30]);
    expect(world.play(icmp({ type: request, id: 7 }))).toBe('original');
    expect(world.live).toBe(1);
  });

  it('of both ends to each other with one identifier are two connections', () => {
    const world = new World();
    expect(world.play(icmp({ type: 8, id: 7 }))).toBe('new');
    expect(world.play(icmp({ ...back, type: 8, id: 7 }))).toBe('new');
    expect(world.play(icmp({ type: 0, id: 7 }))).toBe('reply');
    expect(world.live).toBe(2);
  });

  it('other types are invalid', () => {
    const world = new World();
    for (const type of [1, 2, 6, 7, 9, 10, 19, 30, 40, 255]) expect(world.play(icmp({ type }))).toBe('invalid header');
    for (const type of [137, 138, 141, 142, 144, 150, 154, 255])
      expect(world.play(icmpv6({ type }))).toMatch(/^invalid/);
  });

  it('ICMPv6: echo and node information', () => {
    const world = new World();
    const reverse = { src: 'fd00::2', dst: 'fd00::1' };
    expect([world.play(icmpv6({ type: 128, id: 5 })), world.left]).toEqual(['new', 30]);
    expect(world.play(icmpv6({ ...reverse, type: 129, id: 5 }))).toBe('reply');
    expect(world.play(icmpv6({ ...reverse, type: 129, id: 6 }))).toBe('invalid no-entry');
    expect(world.play(icmpv6({ type: 139, id: 5 }))).toBe('new');
    expect(world.play(icmpv6({ ...reverse, type: 140, id: 5 }))).toBe('reply');
  });

  it('of the other family are invalid', () => {
    const world = new World();
    expect(world.play(other({ src: 'fd00::1', dst: 'fd00::2' }, 1, [8, 0, 0, 0, 0, 1, 0, 1]))).toBe('invalid header');
    expect(world.play(other({}, 58, [128, 0, 0, 0, 0, 1, 0, 1]))).toBe('invalid header');
  });
});

describe('ICMP errors', () => {
  const quote = (segment: Segment, source = CLIENT, destination = SERVER): Uint8Array =>
    ipv4({ src: source, dst: destination }, segment);
  const opened = (): World => {
    const world = new World();
    world.play(udp({ sport: 4000, dport: 53 }));
    return world;
  };
  const query = quote(udpSegment({ sport: 4000, dport: 53, payload: new Uint8Array(20) }));

  it.each([3, 4, 5, 11, 12])('type %d about a packet of the connection is related, and renews nothing', type => {
    const world = opened();
    const slot = world.slot;
    expect(world.wait(4).play(icmp({ src: '10.0.9.1', dst: CLIENT, type, code: 1, body: query }))).toBe('related');
    expect([world.tracker.slot, world.left, world.tracker.replied(slot)]).toEqual([slot, 26, false]);
  });

  it('may quote no more than the ports', () => {
    const world = opened();
    expect(world.play(icmp({ src: SERVER, dst: CLIENT, type: 3, code: 3, body: query.subarray(0, 24) }))).toBe(
      'related',
    );
    for (let length = 0; length < 24; length++) {
      const body = query.slice(0, length);
      expect(world.play(icmp({ src: SERVER, dst: CLIENT, type: 3, code: 3, body }))).toBe('invalid unrelated');
    }
  });

  it('about a packet of the reply direction goes to its sender', () => {
    const world = opened();
    const answer = quote(udpSegment({ sport: 53, dport: 4000 }), SERVER, CLIENT);
    expect(world.play(icmp({ src: CLIENT, dst: SERVER, type: 3, code: 3, body: answer }))).toBe('related');
  });

  it('is not related for anyone but the sender of what it quotes', () => {
    const world = opened();
    expect(world.play(icmp({ src: SERVER, dst: '10.0.1.8', type: 3, code: 3, body: query }))).toBe('invalid unrelated');
  });

  it('is not related where no such connection is', () => {
    const world = opened();
    for (const body of [
      quote(udpSegment({ sport: 4001, dport: 53 })),
      quote(tcpSegment({ sport: 4000, dport: 53 })),
      quote(udpSegment({ sport: 4000, dport: 53 }), CLIENT, '10.0.2.10'),
    ]) {
      expect(world.play(icmp({ src: SERVER, dst: CLIENT, type: 3, code: 3, body }))).toBe('invalid unrelated');
    }
    expect(world.live).toBe(1);
  });

  it('is related to a TCP connection in any state, and to a ping', () => {
    const world = new World();
    const talk = new Conversation();
    talk.handshake(world);
    const slot = world.slot;
    const segment = quote(tcpSegment({ sport: 40000, dport: 80, seq: 9, flags: 'A' })).subarray(0, 28);
    expect(world.play(icmp({ src: '10.0.9.1', dst: CLIENT, type: 11, body: segment }))).toBe('related');
    expect(world.tracker.slot).toBe(slot);
    world.play(icmp({ type: 8, id: 300 }));
    const ping = quote({ protocol: 1, bytes: Uint8Array.from([8, 0, 0, 0, 1, 44, 0, 1]) });
    expect(world.play(icmp({ src: '10.0.9.1', dst: CLIENT, type: 11, body: ping }))).toBe('related');
    expect(world.play(icmp({ src: '10.0.9.1', dst: CLIENT, type: 11, body: ping.subarray(0, 27) }))).toBe(
      'invalid unrelated',
    );
    // An error about an error is about nothing.
    const error = quote({ protocol: 1, bytes: Uint8Array.from([11, 0, 0, 0, 1, 44, 0, 1]) });
    expect(world.play(icmp({ src: '10.0.9.1', dst: CLIENT, type: 11, body: error }))).toBe('invalid unrelated');
  });

  const quote6 = ipv6({ src: 'fd00::1', dst: 'fd00::2' }, udpSegment({ sport: 4000, dport: 53 }));

  it('ICMPv6: every type below 128 is an error', () => {
    const world = new World();
    world.play(udp({ src: 'fd00::1', dst: 'fd00::2', sport: 4000, dport: 53 }));
    for (const type of [1, 2, 3, 4, 100, 127])
      expect(world.play(icmpv6({ src: 'fd00::9', dst: 'fd00::1', type, body: quote6 }))).toBe('related');
    expect(world.play(icmpv6({ src: 'fd00::9', dst: 'fd00::3', type: 1, body: quote6 }))).toBe('invalid unrelated');
    expect(world.play(icmpv6({ src: 'fd00::9', dst: 'fd00::1', type: 1, body: quote6.slice(0, 43) }))).toBe(
      'invalid unrelated',
    );
  });

  it('ICMPv6 redirect: from a neighbour only, by its redirected-header option', () => {
    const world = new World();
    world.play(udp({ src: 'fd00::1', dst: 'fd00::2', sport: 4000, dport: 53 }));
    const option = Uint8Array.from([4, 1 + Math.ceil(quote6.length / 8), 0, 0, 0, 0, 0, 0, ...quote6]);
    const body = Uint8Array.from([...new Uint8Array(32), ...option]);
    const redirect = { src: 'fe80::1', dst: 'fd00::1', type: 137, ttl: 255, body };
    expect(world.play(icmpv6(redirect))).toBe('related');
    expect(world.play(icmpv6({ ...redirect, ttl: 64 }))).toMatch(/^invalid/);
    expect(world.play(icmpv6({ ...redirect, src: 'fd00::9' }))).toMatch(/^invalid/);
    expect(world.play(icmpv6({ ...redirect, body: body.subarray(0, 32) }))).toMatch(/^invalid/);
  });

  it('a wrong quote never throws, whatever is in it', () => {
    const world = opened();
    for (let i = 0; i < 20_000; i++) {
      const body = query.slice(0, (i * 7) % (query.length + 1));
      if (body.length > 0) body[(i * 31) % body.length] = (i * 97) & 255;
      expect(world.play(icmp({ src: SERVER, dst: CLIENT, type: 3, code: 3, body }))).toMatch(
        /^(related|invalid unrelated)$/,
      );
    }
    expect(world.play(tcp({ flags: 'S' }))).toBe('new');
  });
});
