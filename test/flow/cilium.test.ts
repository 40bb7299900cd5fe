/** Cilium's table: the facts of docs/conntrack.md, by number, as written packets. */
import { describe, expect, it } from 'vitest';
import { createEbpfTracker } from '../../src/flow/ebpf.js';
import { FLAG_BAD_CHECKSUM, FLAGS, FRAG_ATOMIC, FRAGMENT } from '../../src/packet/row.js';
import type { Described } from './ebpf-packets.js';
import { EbpfWorld } from './ebpf-world.js';
import { CLIENT, fragment, icmp, icmpv6, SERVER, tcp, udp } from './rows.js';

const world = (maxConnections = 64): EbpfWorld => new EbpfWorld('cilium', { maxConnections });
const BACK = { src: SERVER, dst: CLIENT, sport: 80, dport: 40000 };
const from = (flags: string): Described => ({
  protocol: 6,
  src: CLIENT,
  dst: SERVER,
  sport: 40000,
  dport: 80,
  flags,
});
const to = (flags: string): Described => ({ protocol: 6, ...BACK, flags });
const ROUTER = '172.16.0.1';
const error = (src: string, dst: string, type = 3, quote: Described = from('S')): Described => ({
  protocol: 1,
  src,
  dst,
  type,
  quote,
});

describe('CT1: a packet without an entry is new, whatever its flags', () => {
  it.each(['S', 'SA', 'A', 'F', 'FA', 'R', 'RA', 'SF', 'SR', '', 'FPU', 'SFRPAU'])('"%s"', flags => {
    const w = world();
    expect([w.play(from(flags)), w.play(to('A')), w.play(from('A'))]).toEqual(['new', 'reply', 'original']);
  });

  it('and refused leaves no entry', () => {
    const w = world();
    expect([w.play(from('S'), false), w.play(to('SA')), w.live]).toEqual(['new', 'new', 1]);
  });
});

describe('CT2: a first packet counts as a SYN', () => {
  it.each(['S', 'A', 'RA', 'FA'])('"%s": a minute', flags => {
    const w = world();
    w.play(from(flags));
    expect(w.left).toBe(60);
    expect([w.wait(59.999).play(to('SA')), w.left]).toEqual(['reply', 60]);
    expect(w.wait(60).play(from('A'))).toBe('new');
  });
});

describe('CT3: from the first packet without SYN on', () => {
  it('it lives 8000 seconds, from either side', () => {
    for (const packet of [from('A'), to('A')]) {
      const w = world();
      w.play(from('S'));
      w.play(to('SA'));
      expect(w.left).toBe(60);
      w.play(packet);
      expect(w.left).toBe(8000);
      w.wait(10).play(to('SA'));
      expect(w.left).toBe(8000);
      expect(w.wait(7999.999).play(to('A'))).toBe('reply');
      expect(w.wait(8000).play(to('A'))).toBe('new');
    }
  });
});

describe('CT4, CT5: closing', () => {
  it('takes a FIN of both sides, and then ten seconds', () => {
    const w = world();
    for (const packet of [from('S'), to('SA'), from('A'), from('FA'), from('FA'), to('A')]) w.play(packet);
    expect(w.left).toBe(8000);
    w.play(to('FA'));
    expect(w.left).toBe(10);
    // The last acknowledgement passes and renews nothing.
    expect([w.wait(4).play(from('A')), w.left]).toEqual(['original', 6]);
    expect([w.wait(1).play(to('FA')), w.left]).toEqual(['reply', 10]);
    expect(w.wait(10).play(from('A'))).toBe('new');
  });

  it.each([
    ['before the handshake is over', [from('S'), to('RA')]],
    ['of the first side', [from('S'), from('R')]],
    ['in an established connection', [from('S'), to('SA'), from('A'), to('A'), from('R')]],
  ])('or one RST %s', (_, packets) => {
    const w = world();
    for (const packet of packets) w.play(packet);
    expect(w.left).toBe(10);
    expect(w.wait(9).play(to('A'))).toBe('reply');
  });

  it('but not one that begins the connection', () => {
    const w = world();
    w.play(from('R'));
    w.play(from('A'));
    expect(w.left).toBe(8000);
  });

  it('SYN-RST closes, and does not reopen', () => {
    const w = world();
    w.play(from('S'));
    expect([w.play(from('SR')), w.left, w.play(from('SR'))]).toEqual(['unreplied', 10, 'unreplied']);
  });
});

describe('CT6: a SYN on an entry that is closing', () => {
  it.each([
    ['one side', [from('FA')]],
    ['both sides', [from('FA'), to('FA')]],
  ])('on %s is new, and replaces it when it is let through', (_, closing) => {
    for (const [syn, answer] of [
      [from('S'), 'reply'],
      [to('S'), 'original'],
    ] as const) {
      const w = world();
      for (const packet of [from('S'), to('SA'), ...closing]) w.play(packet);
      expect([w.play(syn), w.left, w.live, w.created]).toEqual(['new', 60, 1, 2]);
      expect([w.play(from('A')), w.play(to('A'))]).toContain('reply');
      expect(w.play(to('A'))).toBe(answer);
    }
  });

  it('refused it leaves the old one, with nothing closing and a minute', () => {
    const w = world();
    for (const packet of [from('S'), to('SA'), from('FA'), to('FA')]) w.play(packet);
    expect([w.play(to('S'), false), w.live, w.created]).toEqual(['new', 1, 1]);
    expect(w.wait(30).play(to('S'))).toBe('reply');
    expect(w.left).toBe(60);
    expect([w.play(from('A')), w.left]).toEqual(['original', 8000]);
  });

  it('SYN-ACK does not reopen', () => {
    const w = world();
    for (const packet of [from('S'), from('FA')]) w.play(packet);
    expect([w.play(to('SA')), w.created]).toEqual(['reply', 1]);
  });

  it('and a SYN on one that is not closing is of the connection', () => {
    const w = world();
    for (const packet of [from('S'), to('SA'), from('A')]) w.play(packet);
    expect([w.play(from('S')), w.play(to('S')), w.left]).toEqual(['original', 'reply', 8000]);
  });
});

describe('CT7: UDP and ICMP', () => {
  it('live a minute from their last packet', () => {
    const w = world();
    for (const [first, back] of [
      [udp(), udp({ ...BACK })],
      [icmp({ type: 8, id: 5 }), icmp({ type: 0, id: 5, src: SERVER, dst: CLIENT })],
    ] as const) {
      expect([w.playRow(first), w.left]).toEqual(['new', 60]);
      expect(w.wait(59.999).playRow(back)).toBe('reply');
      expect([w.wait(59.999).playRow(first), w.left]).toEqual(['original', 60]);
      expect(w.wait(60).playRow(back)).toBe('new');
    }
  });
});

describe('CT8: other protocols are dropped', () => {
  it.each([132, 47, 50, 51, 136, 4, 41, 58, 2])('%d in IPv4', protocol => {
    expect(world().play({ protocol, src: CLIENT, dst: SERVER, type: 128 })).toBe('invalid protocol');
  });
  it('ICMP in IPv6', () => {
    expect(world().play({ protocol: 1, src: 'fd00::1', dst: 'fd00::2', type: 8 })).toBe('invalid protocol');
  });
});

describe('CT9: keys', () => {
  it('an echo is its identifier and who asked', () => {
    const w = world();
    w.playRow(icmp({ type: 8, id: 5 }));
    expect([
      w.playRow(icmp({ type: 0, id: 6, src: SERVER, dst: CLIENT })),
      w.playRow(icmp({ type: 8, id: 5, src: SERVER, dst: CLIENT })),
      w.playRow(icmp({ type: 0, id: 5, src: SERVER, dst: CLIENT })),
    ]).toEqual(['new', 'new', 'reply']);
  });

  it('every other message between two addresses is one connection, echo 0 too', () => {
    const w = world();
    expect([
      w.playRow(icmp({ type: 13, id: 5 })),
      w.playRow(icmp({ type: 14, id: 7, src: SERVER, dst: CLIENT })),
      w.playRow(icmp({ type: 5, src: SERVER, dst: CLIENT })),
      w.playRow(icmp({ type: 8, id: 0 })),
      w.created,
    ]).toEqual(['new', 'reply', 'reply', 'original', 1]);
  });

  it('IPv6 is told apart by all of its address', () => {
    const w = world();
    expect([
      w.playRow(icmpv6({ type: 128, id: 5 })),
      w.playRow(icmpv6({ type: 129, id: 5, src: 'fd00::2', dst: 'fd00::1' })),
      w.playRow(icmpv6({ type: 129, id: 5, src: 'fd00:0:0:1::2', dst: 'fd00::1' })),
    ]).toEqual(['new', 'reply', 'new']);
  });
});

describe('CT10: ICMP errors', () => {
  it.each([3, 11, 12])('type %d is related by its two addresses, for a minute from the first packet', type => {
    const w = world();
    w.play(from('S'));
    const connection = w.slot;
    w.play(to('SA'));
    w.play(from('A'));
    expect([w.wait(59).play(error(SERVER, CLIENT, type)), w.slot]).toEqual(['related', connection]);
    // Errors renew what they are related by; the connection's own packets do not.
    expect(w.wait(59).play(error(SERVER, CLIENT, type))).toBe('related');
    w.wait(30).play(to('A'));
    expect(w.wait(30).play(error(SERVER, CLIENT, type), false)).toBe('new');
  });

  it('the next connection between the two renews that', () => {
    const w = world();
    w.play(from('S'));
    w.wait(50).play({ ...from('S'), sport: 40001 });
    expect(w.wait(50).play(error(SERVER, CLIENT))).toBe('related');
  });

  it('whatever it quotes', () => {
    const w = world();
    w.play(from('S'));
    expect(w.play(error(SERVER, CLIENT, 3, { protocol: 17, src: '1.2.3.4', dst: '5.6.7.8' }))).toBe('related');
    expect(w.play({ protocol: 1, src: SERVER, dst: CLIENT, type: 3 })).toBe('related');
  });

  it('that of a router in between is new, and in the direction of the connection too', () => {
    const w = world();
    w.play(from('S'));
    w.play(to('SA'));
    expect([w.play(error(ROUTER, CLIENT), false), w.play(error(CLIENT, SERVER, 3, to('SA')), false)]).toEqual([
      'new',
      'new',
    ]);
  });

  it('in the direction of the connection it renews what relates the others, refused or not', () => {
    const w = world();
    w.play(from('S'));
    w.wait(50).play(error(CLIENT, SERVER, 3, to('SA')), false);
    expect(w.wait(50).play(error(SERVER, CLIENT))).toBe('related');
  });

  it('goes with a refused connection, which relates nothing else', () => {
    const w = world();
    w.refuse(from('S'));
    const connection = w.slot;
    expect([w.play(error(SERVER, CLIENT)), w.slot]).toEqual(['related', connection]);
    expect(w.play(error(SERVER, CLIENT, 3, { ...from('S'), sport: 1 }), false)).toBe('new');
  });

  it('let through it relates those the other way', () => {
    const w = world();
    expect([w.play(error(ROUTER, CLIENT)), w.play(error(CLIENT, ROUTER)), w.live]).toEqual(['new', 'related', 0]);
  });

  it('is about the connection it quotes, else about the last', () => {
    const w = world();
    w.play(from('S'));
    const first = w.slot;
    w.play({ ...from('S'), sport: 40001 });
    const second = w.slot;
    expect([w.play(error(SERVER, CLIENT)), w.slot]).toEqual(['related', first]);
    expect([w.play(error(SERVER, CLIENT, 3, { ...from('S'), sport: 1 })), w.slot]).toEqual(['related', second]);
  });

  it('keeps what the judge said of the connection when that is gone', () => {
    const w = world();
    w.play(from('S'));
    const connection = w.slot;
    w.tracker.tag.set([11, 12, 13, 14], w.tagAt(connection));
    w.wait(1).play(to('RA'));
    w.play(error(SERVER, CLIENT));
    // The connection goes ten seconds later, its slot to another.
    w.wait(10).play({ ...from('S'), dst: '10.9.9.9' });
    expect(w.slot).toBe(connection);
    expect(w.play(error(SERVER, CLIENT))).toBe('related');
    expect([...w.tracker.tag.subarray(w.tagAt(w.slot), w.tagAt(w.slot) + 4)]).toEqual([11, 12, 13, 14]);
    expect(w.slot).not.toBe(connection);
  });

  it.each([1, 2, 3, 4])('ICMPv6 type %d', type => {
    const w = world();
    w.playRow(udp({ src: 'fd00::1', dst: 'fd00::2' }));
    expect(w.play({ protocol: 58, src: 'fd00::2', dst: 'fd00::1', type })).toBe('related');
    expect(w.play({ protocol: 58, src: 'fd00:0:0:1::2', dst: 'fd00::1', type })).toBe('new');
  });

  it('redirects and source quenches are no errors', () => {
    const w = world();
    w.play(from('S'));
    expect([w.play(error(SERVER, CLIENT, 5)), w.play(error(CLIENT, SERVER, 4))]).toEqual(['new', 'reply']);
  });
});

describe('CT11: ICMPv6 messages of the link', () => {
  it('neighbour discovery passes, routers and listeners are judged', () => {
    const w = world();
    const answers = [133, 134, 135, 136, 137, 143].map(type => w.playRow(icmpv6({ type, dst: 'ff02::1' }), false));
    expect(answers).toEqual(['new', 'new', 'untracked', 'untracked', 'new', 'new']);
  });
});

describe('CT12: fragments', () => {
  it('of ICMP are dropped, first ones of others are tracked, atomic ones are none', () => {
    const w = world();
    const part = (flag: number, packet = icmp({ type: 8, id: 1 })): string => {
      packet.rows[FRAGMENT] = flag;
      return w.playRow(packet);
    };
    expect([
      part(1),
      part(1, icmpv6({ type: 128, id: 1 })),
      part(FRAG_ATOMIC, icmpv6({ type: 128, id: 1 })),
      part(1, udp()),
    ]).toEqual(['invalid header', 'invalid header', 'new', 'new']);
    expect(w.playRow(fragment({}, 1, 8, true))).toBe('invalid header');
  });
});

describe('CT13: a full table', () => {
  it('lets the entry go that was unused for longest, and refuses nothing', () => {
    const w = world(4);
    // Two entries each: the connection, and what its errors are related by.
    w.play({ ...from('S'), dst: '10.0.0.1' });
    w.wait(1).play({ ...from('S'), dst: '10.0.0.2' });
    w.play({ ...from('A'), dst: '10.0.0.1' });
    // Goes first: what relates errors of the first connection.
    w.play({ ...from('S'), dst: '10.0.0.2', sport: 1 });
    expect([w.live, w.evicted]).toEqual([3, 0]);
    expect(w.play({ protocol: 1, src: '10.0.0.1', dst: CLIENT, type: 3 }, false)).toBe('new');
    expect(w.play({ protocol: 1, src: '10.0.0.2', dst: CLIENT, type: 3 })).toBe('related');
    // Then the second connection: the first has been used since.
    w.play({ ...from('S'), dst: '10.0.0.2', sport: 2 });
    expect([w.live, w.evicted]).toEqual([3, 1]);
    expect(w.play({ ...from('A'), dst: '10.0.0.1' })).toBe('unreplied');
    expect(w.play({ ...from('A'), dst: '10.0.0.2' })).toBe('new');
  });

  it('also with room for one', () => {
    const w = world(1);
    expect([w.play(from('S')), w.play(to('SA')), w.play({ ...from('S'), sport: 1 }), w.play(from('A'))]).toEqual([
      'new',
      'reply',
      'new',
      'new',
    ]);
  });
});

describe('checksums and windows', () => {
  it('do not matter', () => {
    const w = world();
    const bad = tcp({ flags: 'S' });
    bad.rows[FLAGS] = FLAG_BAD_CHECKSUM;
    expect(w.playRow(bad)).toBe('new');
    expect(w.playRow(tcp({ ...BACK, flags: 'SA', seq: 5, ack: 99 }))).toBe('reply');
    expect(w.playRow(tcp({ flags: 'A', seq: 4_000_000_000, ack: 17 }))).toBe('original');
  });
});

describe('timeouts', () => {
  it('have the names of the agent’s options', () => {
    const timeouts = { regular_tcp_syn: 1, regular_tcp: 2, regular_tcp_fin: 3, regular_any: 4 };
    const w = new EbpfWorld('cilium', { timeouts });
    w.play(from('S'));
    expect(w.left).toBe(1);
    w.play(to('A'));
    expect(w.left).toBe(2);
    w.play(to('R'));
    expect(w.left).toBe(3);
    w.playRow(udp());
    expect(w.left).toBe(4);
    expect(() => createEbpfTracker('cilium', { timeouts: { udp: 3 } })).toThrow(
      /no timeout "udp"; the timeouts are: regular_tcp_syn, regular_tcp, regular_tcp_fin, regular_any/,
    );
  });

  it('hold over the twelve days after which the table’s clock begins anew', () => {
    const w = world();
    w.wait(12.4 * 86400).play(from('S'));
    w.play(to('A'));
    w.play({ ...from('S'), sport: 2 });
    w.play({ ...to('A'), dport: 2 });
    // 2^30 ms go by in between.
    expect([w.wait(7999).play(from('A')), w.live]).toEqual(['original', 2]);
    expect([w.wait(1).play(from('A')), w.live, w.expired]).toEqual(['original', 1, 1]);
    w.wait(8000).play(from('S'));
    expect([w.live, w.created, w.expired]).toEqual([1, 3, 2]);
  });
});
