/** What the TCP table cannot say: reopening, resynchronisation, simultaneous open, challenge ACKs, resets, timeouts. */
import { describe, expect, it } from 'vitest';
import { CLIENT, Conversation, SERVER, tcp, World } from './rows.js';

const established = (options = {}, extra = {}): { world: World; talk: Conversation } => {
  const world = new World(options);
  const talk = new Conversation();
  world.play(talk.fromClient('S', extra));
  world.play(talk.fromServer('SA', extra));
  world.play(talk.fromClient('A'));
  return { world, talk };
};

describe('opening', () => {
  it('survives a SYN sent three times and lost answers', () => {
    const world = new World();
    const talk = new Conversation();
    expect(world.play(talk.fromClient('S'))).toBe('new');
    expect(world.wait(1).play(talk.fromClient('S', { seq: 1000 }))).toBe('unreplied');
    expect(world.wait(2).play(talk.fromClient('S', { seq: 1000 }))).toBe('unreplied');
    expect(world.left).toBe(117);
    expect(world.play(talk.fromServer('SA'))).toBe('reply');
    expect(world.play(talk.fromServer('SA', { seq: 5000 }))).toBe('reply');
    expect(world.play(talk.fromClient('A'))).toBe('original');
    expect(world.state).toBe('ESTABLISHED');
  });

  it('completes a simultaneous open', () => {
    const world = new World();
    const talk = new Conversation();
    expect(world.play(talk.fromClient('S'))).toBe('new');
    expect(world.play(talk.fromServer('S'))).toBe('reply');
    expect(world.state).toBe('SYN_SENT2');
    expect(world.play(talk.fromClient('SA', { seq: 1000 }))).toBe('original');
    expect(world.state).toBe('SYN_RECV');
    expect(world.play(talk.fromServer('SA', { seq: 5000 }))).toBe('reply');
    // The reply direction's ACK establishes it; in an ordinary handshake it does not.
    expect(world.play(talk.fromServer('A'))).toBe('reply');
    expect(world.state).toBe('ESTABLISHED');
  });

  it('lets an ACK of the server in SYN_SENT through, and then the SYN counts as established', () => {
    const world = new World();
    const talk = new Conversation();
    world.play(talk.fromClient('S'));
    expect(world.play(talk.fromServer('A', { ack: 77 }))).toBe('reply');
    expect(world.state).toBe('SYN_SENT');
    expect(world.play(talk.fromClient('S', { seq: 1000 }))).toBe('original');
  });

  it('closes on the reset that answers a challenge ACK, whose sequence number is what that ACK asked for', () => {
    const world = new World();
    const talk = new Conversation();
    world.play(talk.fromClient('S'));
    world.play(talk.fromServer('A', { seq: 900_000, ack: 3_000_000 }));
    // Far outside every window; only the challenge ACK explains it.
    expect(world.play(talk.fromClient('R', { seq: 3_000_000 }))).toBe('original');
    expect(world.state).toBe('CLOSE');
  });

  it('takes a new SYN with a higher sequence number for the handshake from then on', () => {
    const world = new World();
    world.play(tcp({ flags: 'S', seq: 1000 }));
    expect(world.play(tcp({ flags: 'S', seq: 900_000 }))).toBe('unreplied');
    expect(
      world.play(tcp({ src: SERVER, dst: CLIENT, sport: 80, dport: 40000, flags: 'SA', seq: 1, ack: 900_001 })),
    ).toBe('reply');
    expect(world.state).toBe('SYN_RECV');
  });
});

describe('reopening', () => {
  it('begins anew in CLOSE where the client itself had reset', () => {
    const { world, talk } = established();
    world.play(talk.fromClient('R'));
    expect(world.state).toBe('CLOSE');
    expect(world.play(new Conversation({}, 800_000).fromClient('S'))).toBe('new');
    expect([world.state, world.live]).toEqual(['SYN_SENT', 1]);
  });

  it('is ignored in CLOSE after the server reset, and resynchronised by the SYN/ACK', () => {
    const { world, talk } = established();
    world.play(talk.fromServer('R'));
    const again = new Conversation({}, 800_000, 90_000);
    expect(world.play(again.fromClient('S', { scale: 7 }))).toBe('original');
    expect(world.state).toBe('CLOSE');
    expect(world.play(again.fromServer('SA', { scale: 2 }))).toBe('reply');
    expect([world.state, world.left]).toEqual(['SYN_RECV', 60]);
    expect(world.tracker.describe(world.slot).seen!.map(side => side.scale)).toEqual([7, 2]);
    expect(world.play(again.fromClient('A'))).toBe('original');
    expect(world.state).toBe('ESTABLISHED');
    expect(world.live).toBe(1);
  });

  it('resynchronises an established connection whose ends both began anew', () => {
    const { world } = established();
    const again = new Conversation({}, 4_000_000_000, 3_000_000_000);
    expect(world.play(again.fromClient('S'))).toBe('original');
    expect([world.state, world.left]).toEqual(['ESTABLISHED', 432000]);
    expect(world.play(again.fromServer('SA'))).toBe('reply');
    expect(world.state).toBe('SYN_RECV');
    expect(world.play(again.fromClient('A'))).toBe('original');
    expect(world.play(again.fromServer('PA', { length: 1000 }))).toBe('reply');
    expect(world.state).toBe('ESTABLISHED');
  });

  it('does not resynchronise with a SYN/ACK that acknowledges something else', () => {
    const { world } = established();
    const again = new Conversation({}, 4_000_000_000, 3_000_000_000);
    world.play(again.fromClient('S'));
    expect(world.play(again.fromServer('SA', { ack: 12345 }))).toBe('reply');
    expect(world.state).toBe('ESTABLISHED');
  });

  it('is not deceived by a challenge ACK in LAST_ACK', () => {
    const { world, talk } = established();
    world.play(talk.fromClient('FA'));
    world.play(talk.fromServer('FA'));
    expect(world.state).toBe('LAST_ACK');
    expect(world.play(new Conversation({}, 700_000).fromClient('S'))).toBe('original');
    expect(world.wait(1).play(talk.fromServer('A'))).toBe('reply');
    expect([world.state, world.left]).toEqual(['LAST_ACK', 29]);
    // Believed once only.
    expect(world.play(talk.fromServer('A'))).toBe('reply');
    expect(world.state).toBe('TIME_WAIT');
  });

  it('is counted as a new connection, in the direction of its SYN', () => {
    const { world, talk } = established();
    for (const packet of [talk.fromClient('FA'), talk.fromServer('FA'), talk.fromClient('A')]) world.play(packet);
    expect(world.state).toBe('TIME_WAIT');
    expect(world.play(talk.fromServer('S', { seq: 700_000 }))).toBe('new');
    const connection = world.tracker.describe(world.slot);
    expect([connection.source, connection.sourcePort, connection.replied]).toEqual([SERVER, 80, false]);
  });
});

describe('resets', () => {
  it('close where they are exact, and are refused where they are old', () => {
    const { world, talk } = established();
    expect(world.play(talk.fromServer('R', { seq: talk.server - 1 }))).toBe('invalid window');
    expect([world.state, world.left]).toEqual(['ESTABLISHED', 432000]);
    expect(world.play(talk.fromServer('R'))).toBe('reply');
    expect([world.state, world.left]).toEqual(['CLOSE', 10]);
  });

  it.each([
    ['6.18', 10],
    ['6.12', 300],
  ] as const)('keep the connection where they are in the window but inexact (Linux %s: %d s)', (kernel, seconds) => {
    const { world, talk } = established({ kernel });
    expect(world.play(talk.fromServer('R', { seq: talk.server + 5 }))).toBe('reply');
    expect([world.state, world.left]).toEqual(['ESTABLISHED', seconds]);
  });

  it("close right behind the same side's own data", () => {
    const { world, talk } = established();
    world.play(talk.fromServer('PA', { length: 19 }));
    expect(world.play(talk.fromServer('R'))).toBe('reply');
    expect(world.state).toBe('CLOSE');
  });

  it('beyond the window are invalid', () => {
    const { world, talk } = established();
    expect(world.play(talk.fromServer('R', { seq: talk.server + 200_000 }))).toBe('invalid window');
    // A small overshoot is let through, but believed no word.
    expect(world.wait(1).play(talk.fromServer('R', { seq: talk.server + 70_000 }))).toBe('reply');
    expect([world.state, world.left]).toEqual(['ESTABLISHED', 431999]);
  });

  it('as the only answer to a SYN end the connection, sequence number 0 or not', () => {
    for (const answer of [
      { flags: 'RA', seq: 0 },
      { flags: 'R', seq: 0 },
    ]) {
      const world = new World();
      const talk = new Conversation();
      world.play(talk.fromClient('S'));
      expect(world.play(talk.fromServer(answer.flags, { seq: answer.seq }))).toBe('reply');
      expect(world.live).toBe(0);
      expect(world.play(talk.fromClient('S', { seq: 1000 }))).toBe('new');
    }
  });

  it('in a closing connection are not checked at all', () => {
    const { world, talk } = established();
    world.play(talk.fromClient('FA'));
    expect(world.play(talk.fromServer('R', { seq: 3_000_000_000 }))).toBe('reply');
    expect(world.state).toBe('CLOSE');
  });

  it('of the side that sent the last SYN answer nothing, and are held against the window', () => {
    const world = new World();
    const talk = new Conversation();
    world.play(talk.fromClient('S'));
    world.play(talk.fromServer('S'));
    expect(world.state).toBe('SYN_SENT2');
    expect(world.play(talk.fromServer('R', { seq: talk.server + 3 }))).toBe('reply');
    expect(world.state).toBe('SYN_SENT2');
    expect(world.play(talk.fromServer('R', { seq: talk.server + 900_000 }))).toBe('invalid window');
    expect(world.play(talk.fromClient('R', { seq: talk.client + 900_000 }))).toBe('original');
    expect(world.state).toBe('CLOSE');
  });

  it('answer an ignored SYN: the entry closes without a look at the window', () => {
    const { world } = established();
    const again = new Conversation({}, 4_000_000_000);
    world.play(again.fromClient('S'));
    expect(world.play(again.fromServer('RA', { seq: 3_000_000_000 }))).toBe('reply');
    expect(world.state).toBe('CLOSE');
  });
});

describe('picking up mid-stream', () => {
  it('begins with an ACK of either side, and checks no windows for the rest of its life', () => {
    const world = new World();
    const talk = new Conversation();
    expect(world.play(talk.fromServer('PA', { length: 1400 }))).toBe('new');
    expect([world.state, world.left]).toEqual(['ESTABLISHED', 300]);
    expect(world.play(talk.fromClient('A'))).toBe('reply');
    expect([world.left, world.tracker.describe(world.slot).assured]).toEqual([300, false]);
    // The connection counts as answered from the packet behind the first answer on.
    expect(world.play(talk.fromServer('A'))).toBe('original');
    expect([world.left, world.tracker.describe(world.slot).assured]).toEqual([432000, true]);
    expect(world.play(talk.fromServer('A', { seq: 2_000_000_000, ack: 3_000_000_000 }))).toBe('original');
  });

  it('takes no FIN, RST or SYN/ACK for a beginning', () => {
    const world = new World();
    const talk = new Conversation();
    for (const flags of ['FA', 'R', 'RA', 'SA']) expect(world.play(talk.fromServer(flags))).toBe('invalid no-entry');
    expect(world.live).toBe(0);
  });

  it('can be turned off', () => {
    const world = new World({ loose: false });
    expect(world.play(new Conversation().fromServer('PA', { length: 1 }))).toBe('invalid no-entry');
    expect(world.play(new Conversation().fromClient('S'))).toBe('new');
  });
});

describe('TCP timeouts', () => {
  it('shrink to 300 s while data is unacknowledged, and recover', () => {
    const { world, talk } = established();
    world.play(talk.fromClient('PA', { length: 10 }));
    expect(world.left).toBe(300);
    world.play(talk.fromServer('A'));
    expect(world.left).toBe(432000);
  });

  it('shrink at the third repetition of one acknowledgement', () => {
    const { world, talk } = established();
    const lefts = Array.from({ length: 5 }, () => {
      world.play(talk.fromClient('A'));
      return world.left;
    });
    // The handshake's ACK was the first of its kind.
    expect(lefts).toEqual([432000, 432000, 300, 300, 300]);
    world.play(talk.fromServer('A'));
    expect(world.left).toBe(432000);
  });

  it('shrink while the last window was 0', () => {
    const { world, talk } = established();
    world.play(talk.fromServer('A', { window: 0 }));
    expect(world.left).toBe(300);
    world.play(talk.fromServer('A', { window: 1 }));
    expect(world.left).toBe(432000);
  });

  it('follow what the user sets', () => {
    const { world } = established({ timeouts: { tcp_established: 86400 } });
    expect(world.left).toBe(86400);
    expect(() => new World({ timeouts: { tcp_estabished: 1 } })).toThrow(
      /no timeout "tcp_estabished".*tcp_established/,
    );
    expect(() => new World({ timeouts: { udp: -1 } })).toThrow(/udp: -1 is not/);
    expect(() => new World({ timeouts: { udp: 2e6 } })).toThrow(/1000000/);
    expect(() => new World({ timeouts: { toString: 3 } })).toThrow(/no timeout/);
  });

  it("shrink to 300 s when both sides' FIN or RST were out of the window", () => {
    const { world, talk } = established();
    expect(world.play(talk.fromClient('FA', { seq: talk.client + 500_000 }))).toBe('invalid window');
    expect(world.left).toBe(432000);
    expect(world.play(talk.fromServer('RA', { seq: talk.server + 500_000 }))).toBe('invalid window');
    expect(world.left).toBe(300);
    // Not below 120 s left.
    world.wait(200).play(talk.fromServer('RA', { seq: talk.server + 500_000 }));
    expect(world.left).toBe(100);
  });

  it('expire at the millisecond, not before', () => {
    const world = new World();
    const talk = new Conversation();
    world.play(talk.fromClient('S'));
    expect(world.wait(119.999).play(talk.fromClient('S', { seq: 1000 }))).toBe('unreplied');
    expect(world.wait(0.001).play(talk.fromClient('S', { seq: 1000 }))).toBe('new');
    expect(world.tracker.counters()).toMatchObject({ created: 2, expired: 1, live: 1 });
  });

  it('stay right for captures of many weeks', () => {
    const world = new World();
    const talk = new Conversation();
    talk.handshake(world);
    for (let day = 0; day < 400; day++) {
      expect(world.wait(86400).play(talk.fromClient('A'))).toBe('original');
      expect(world.play(talk.fromServer('A'))).toBe('reply');
    }
    expect(world.left).toBe(432000);
    expect(world.wait(432000 * 9).play(talk.fromClient('A'))).toBe('new');
  });
});
