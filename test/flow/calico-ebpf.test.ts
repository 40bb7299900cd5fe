/** The table of Calico's eBPF dataplane: the facts of docs/conntrack.md, by number, as written packets. */
import { describe, expect, it } from 'vitest';
import { createEbpfTracker } from '../../src/flow/ebpf.js';
import type { TrackerOptions } from '../../src/flow/tracker.js';
import type { Described } from './ebpf-packets.js';
import { EbpfWorld } from './ebpf-world.js';
import { CLIENT, fragment, icmp, icmpv6, SERVER, udp } from './rows.js';

const world = (options: TrackerOptions = {}): EbpfWorld => new EbpfWorld('calico-ebpf', { loose: false, ...options });
const segment = (flags: string, seq: number, ack: number): Described => ({
  protocol: 6,
  src: CLIENT,
  dst: SERVER,
  sport: 40000,
  dport: 80,
  flags,
  seq,
  ack,
});
const from = (flags: string, seq = 1001, ack = 5001): Described => segment(flags, seq, ack);
const to = (flags: string, seq = 5001, ack = 1001): Described => ({
  ...segment(flags, seq, ack),
  ...{ src: SERVER, dst: CLIENT, sport: 80, dport: 40000 },
});
const HANDSHAKE = [from('S', 1000, 0), to('SA', 5000, 1001), from('A')];
const played = (...packets: Described[]): EbpfWorld => {
  const w = world();
  for (const packet of packets) w.play(packet);
  return w;
};
const UDP: Described = { protocol: 17, src: CLIENT, dst: SERVER, sport: 40000, dport: 53 };
const error = (quote: Described, src = SERVER, dst = CLIENT, type = 3): Described => ({
  protocol: 1,
  src,
  dst,
  type,
  quote,
});

describe('CE1: TCP without an entry', () => {
  it.each(['SA', 'A', 'PA', 'FA', 'R', 'RA', '', 'FPU', 'SAR'])('"%s" begins nothing', flags => {
    expect(world().play(from(flags))).toBe('invalid no-entry');
  });
  it.each(['S', 'SF', 'SR', 'SPU'])('"%s" is a SYN', flags => {
    expect(world().play(from(flags))).toBe('new');
  });
  it('picked up, as what-if mode asks, an ACK is of an established connection', () => {
    const w = world({ loose: true });
    expect([w.play(from('A')), w.left]).toEqual(['new', 3600]);
    for (const flags of ['SA', 'FA', 'R', 'RA', ''])
      expect(world({ loose: true }).play(from(flags))).toMatch(/no-entry/);
  });
});

describe('CE2: a SYN on an entry', () => {
  it('is judged again', () => {
    const w = played(...HANDSHAKE, to('A'));
    expect([w.play(from('A')), w.play(from('S')), w.live, w.created]).toEqual(['original', 'unreplied', 1, 1]);
  });

  it('against its direction is new: let through it turns the entry, refused nothing changes', () => {
    const w = played(...HANDSHAKE, to('A'));
    expect([w.play(to('S'), false), w.play(to('A')), w.created]).toEqual(['new', 'reply', 1]);
    expect([w.play(to('S')), w.left, w.live, w.created]).toEqual(['new', 3600, 1, 2]);
    expect([w.play(from('A')), w.play(to('A'))]).toEqual(['reply', 'original']);
  });

  it('from both at once it becomes established with the next ACK', () => {
    const w = played(from('S', 1000, 0), to('S', 5000, 0), from('SA', 1000, 5001), to('SA', 5000, 1001), from('A'));
    expect(w.left).toBe(3600);
  });
});

describe('CE3: a SYN where both sides are over', () => {
  it.each([
    ['two FINs', [...HANDSHAKE, from('FA'), to('FA')]],
    ['a RST and a FIN', [from('S', 1000, 0), from('FA'), to('RA', 0, 1001)]],
  ])('%s: the entry is deleted, let through or not', (_, packets) => {
    const w = played(...packets);
    expect(w.play(from('S', 9000, 0), false)).toBe('new');
    expect([w.live, w.play(from('A'))]).toEqual([0, 'invalid no-entry']);
  });
  it('one side is not enough', () => {
    expect(played(...HANDSHAKE, from('FA')).play(from('S'))).toBe('unreplied');
    // The RST of an established connection leaves no mark (CE5).
    expect(played(...HANDSHAKE, from('FA'), to('R')).play(from('S'))).toBe('unreplied');
  });
});

describe('CE4: the handshake', () => {
  it('is established by SYN-ACK and ACK that acknowledge the SYNs', () => {
    const w = played(HANDSHAKE[0]!);
    expect(w.left).toBe(20);
    w.play(HANDSHAKE[1]!);
    expect(w.left).toBe(20);
    w.play(HANDSHAKE[2]!);
    expect(w.left).toBe(3600);
  });

  it.each([
    ['the SYN-ACK acknowledges something else', [HANDSHAKE[0]!, to('SA', 5000, 1002), from('A')]],
    ['the ACK does', [HANDSHAKE[0]!, HANDSHAKE[1]!, from('A', 1001, 5002)]],
    ['the other side has sent no SYN', [HANDSHAKE[0]!, from('SA', 1000, 1), to('SA', 5000, 1001)]],
    ['the SYN-ACK is missing', [HANDSHAKE[0]!, to('A'), from('A')]],
  ])('not where %s; it passes all the same', (_, packets) => {
    const w = world();
    expect(packets.map(packet => w.play(packet))).not.toContain('invalid no-entry');
    expect(w.left).toBe(20);
  });

  it('sequence numbers wrap', () => {
    expect(played(from('S', 2 ** 32 - 1, 0), to('SA', 2 ** 32 - 1, 0), from('A', 0, 0)).left).toBe(3600);
  });
});

describe('CE5, CE6: RST', () => {
  it('before the handshake is over marks its side', () => {
    const w = played(from('S', 1000, 0), to('RA', 0, 1001));
    // The shorter of 20 and 40 seconds (CE7).
    expect(w.left).toBe(20);
    expect(new EbpfWorld('calico-ebpf', { timeouts: { tcp_reset_seen: 7 } })).toBeDefined();
    const short = world({ timeouts: { tcp_reset_seen: 7 } });
    for (const packet of [from('S', 1000, 0), to('RA', 0, 1001)]) short.play(packet);
    expect(short.left).toBe(7);
  });

  it('traffic of either side takes both marks away', () => {
    const w = played(from('S', 1000, 0), to('SA', 5000, 1001), to('R'), from('A'));
    expect(w.left).toBe(40);
    w.play(from('PA'));
    expect(w.left).toBe(120);
  });

  it('its time counts on an established connection only', () => {
    const w = world({ timeouts: { tcp_syn_sent: 300 } });
    for (const packet of [from('S', 1000, 0), to('SA', 5000, 1001), from('R')]) w.play(packet);
    expect(w.left).toBe(300);
  });

  it('on an established connection leaves two minutes, until traffic comes after two more', () => {
    const w = played(...HANDSHAKE, to('A'), from('R'));
    expect(w.left).toBe(120);
    w.wait(100).play(to('A'));
    expect(w.left).toBe(120);
    w.wait(20).play(to('A'));
    expect(w.left).toBe(120);
    w.wait(0.001).play(to('A'));
    expect(w.left).toBe(3600);
  });
});

describe('CE7: timeouts', () => {
  it('of UDP, ICMP and the rest, from the last packet in either direction', () => {
    const w = world();
    for (const [packet, back, seconds] of [
      [udp(), udp({ src: SERVER, dst: CLIENT, sport: 80, dport: 40000 }), 60],
      [icmp({ type: 8, id: 5 }), icmp({ type: 0, id: 5, src: SERVER, dst: CLIENT }), 5],
    ] as const) {
      expect([w.playRow(packet), w.left]).toEqual(['new', seconds]);
      expect([w.wait(seconds - 0.001).playRow(back), w.left]).toEqual(['reply', seconds]);
      expect(w.wait(seconds).playRow(packet)).toBe('new');
    }
    for (const protocol of [132, 47, 136]) {
      expect([w.play({ protocol, src: CLIENT, dst: SERVER }), w.left]).toEqual(['new', 600]);
    }
  });

  it('after both FINs 30 seconds', () => {
    const w = played(...HANDSHAKE, from('FA'));
    expect(w.left).toBe(3600);
    w.play(to('FA'));
    expect(w.left).toBe(30);
    expect([w.wait(29.999).play(from('A')), w.left]).toEqual(['original', 30]);
    expect(w.wait(30).play(from('A'))).toBe('invalid no-entry');
  });

  it('have the names of Felix’ configuration', () => {
    const w = world({ timeouts: { tcp_syn_sent: 1, tcp_established: 2, udp: 3, icmp: 4, generic: 5 } });
    w.play(HANDSHAKE[0]!);
    expect(w.left).toBe(1);
    w.play(HANDSHAKE[1]!);
    w.play(HANDSHAKE[2]!);
    expect(w.left).toBe(2);
    w.play(UDP);
    expect(w.left).toBe(3);
    w.playRow(icmp({ type: 8 }));
    expect(w.left).toBe(4);
    w.play({ protocol: 132, src: CLIENT, dst: SERVER });
    expect(w.left).toBe(5);
    expect(() => createEbpfTracker('calico-ebpf', { timeouts: { regular_tcp: 3 } })).toThrow(
      /no timeout "regular_tcp"/,
    );
  });

  it('hold over the twelve days after which the table’s clock begins anew, that of a RST too', () => {
    const w = world();
    w.wait(12.4 * 86400);
    for (const packet of [...HANDSHAKE, to('A')]) w.play(packet);
    w.wait(2370).play(from('R'));
    // 2^30 ms are 12 days, 10 hours and 15 minutes.
    for (let i = 0; i < 4; i++) w.wait(30).play(to('A'));
    expect(w.left).toBe(120);
    w.wait(1).play(to('A'));
    expect(w.left).toBe(3600);
  });
});

describe('CE8: keys', () => {
  it('ICMP and SCTP are their addresses', () => {
    const w = world();
    expect([
      w.playRow(icmp({ type: 8, id: 5 })),
      w.playRow(icmp({ type: 0, id: 6, src: SERVER, dst: CLIENT })),
      w.playRow(icmp({ type: 13, id: 7 })),
      w.play({ protocol: 132, src: CLIENT, dst: SERVER }),
      w.play({ protocol: 132, src: SERVER, dst: CLIENT }),
      w.playRow(icmp({ type: 0, id: 1, dst: '10.1.1.1' })),
    ]).toEqual(['new', 'reply', 'original', 'new', 'reply', 'new']);
  });
});

describe('what-if mode: a refused connection', () => {
  it('takes only its own exchange with it, told by who asked, too', () => {
    const w = world();
    w.refuse({ protocol: 1, src: CLIENT, dst: SERVER, type: 8, id: 5 });
    expect([
      w.play({ protocol: 1, src: SERVER, dst: CLIENT, type: 0, id: 5 }),
      w.play({ protocol: 1, src: SERVER, dst: CLIENT, type: 8, id: 5 }, false),
      w.play({ protocol: 1, src: CLIENT, dst: SERVER, type: 8, id: 6 }, false),
      w.play({ protocol: 1, src: CLIENT, dst: SERVER, type: 8, id: 5 }),
    ]).toEqual(['reply', 'new', 'new', 'original']);
  });
});

describe('CE9: ICMP errors', () => {
  it.each([3, 4, 5, 11, 12])('type %d is about what it quotes, and renews it', type => {
    const w = played(UDP);
    const connection = w.slot;
    expect([w.wait(50).play(error(UDP, SERVER, CLIENT, type)), w.slot, w.left]).toEqual(['related', connection, 60]);
  });
  it('whoever sends it to whomever', () => {
    expect(played(UDP).play(error(UDP, '172.16.0.1', '172.16.0.2'))).toBe('related');
  });
  it('in both directions, and about ICMP', () => {
    const w = played(...HANDSHAKE);
    expect(w.play(error(to('A'), CLIENT, SERVER))).toBe('related');
    w.playRow(icmp({ type: 8, id: 5 }));
    expect([w.play(error({ protocol: 1, src: CLIENT, dst: SERVER, type: 8, id: 9 })), w.left]).toEqual(['related', 5]);
  });
  it('about nothing known it is refused', () => {
    const w = played(UDP);
    expect(w.play(error({ ...UDP, sport: 1 }))).toBe('invalid unrelated');
    expect(w.play({ protocol: 1, src: SERVER, dst: CLIENT, type: 3 })).toBe('invalid unrelated');
  });
  it.each([1, 2, 100, 127])('ICMPv6 type %d', type => {
    const quote = { protocol: 17, src: 'fd00::1', dst: 'fd00::2', sport: 1, dport: 2 };
    const w = played(quote);
    expect(w.play({ protocol: 58, src: 'fd00::9', dst: 'fd00::1', type, quote })).toBe('related');
  });
});

describe('CE10: ICMPv6 messages of the link', () => {
  it('pass but for router advertisements and MLDv2', () => {
    const w = world();
    const answers = [130, 131, 132, 133, 134, 135, 136, 143].map(type => w.playRow(icmpv6({ type, dst: 'ff02::1' })));
    expect(answers.map(answer => answer === 'untracked')).toEqual([true, true, true, true, false, true, true, false]);
  });
});

describe('CE11: a full table', () => {
  it('lets the entry go that was unused for longest', () => {
    const w = world({ maxConnections: 2 });
    w.play(UDP);
    w.play({ ...UDP, sport: 1 });
    w.play(UDP);
    w.play({ ...UDP, sport: 2 });
    expect([w.live, w.evicted, w.play(UDP), w.play({ ...UDP, sport: 1 }, false)]).toEqual([2, 1, 'unreplied', 'new']);
  });
});

describe('later fragments', () => {
  it('have no key', () => {
    expect(world().playRow(fragment({}, 1, 8, false))).toBe('invalid header');
  });
});
