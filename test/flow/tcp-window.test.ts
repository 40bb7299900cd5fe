/** The four window checks, worked by hand. Initial numbers: client 1000, server 5000; both offer 10,000 bytes. */
import { describe, expect, it } from 'vitest';
import { Conversation, type Segment, World } from './rows.js';

const W = 10_000;
const open = (options = {}, client: Segment = {}, server: Segment = {}): { world: World; talk: Conversation } => {
  const world = new World(options);
  const talk = new Conversation();
  world.play(talk.fromClient('S', { window: W, ...client }));
  world.play(talk.fromServer('SA', { window: W, ...server }));
  world.play(talk.fromClient('A', { window: W }));
  expect(world.state).toBe('ESTABLISHED');
  return { world, talk };
};
const seen = (world: World) => world.tracker.describe(world.slot).seen!;

describe('windows', () => {
  it('are learnt from the handshake', () => {
    const { world } = open();
    // Client: sent up to 1001, may send up to 1001 + 10,000; it has acknowledged 5001.
    expect(seen(world)[0]).toMatchObject({ end: 1001, maxEnd: 11_001, maxWindow: W, maxAck: 5001 });
    expect(seen(world)[1]).toMatchObject({ end: 5001, maxEnd: 15_001, maxWindow: W, maxAck: 1001 });
  });

  it('I: a sequence number up to maxend is inside', () => {
    const { world, talk } = open();
    expect(world.play(talk.fromClient('A', { seq: 11_001, window: W }))).toBe('original');
    expect(seen(world)[0].end).toBe(11_001);
  });

  it('I: a small overshoot is ignored (no renewal), a big one invalid', () => {
    const { world } = open();
    const talk = new Conversation({}, 1001, 5001);
    // Overshoot = end - maxend + 1; the receiver's window is 10,000.
    expect(world.wait(7).play(talk.fromClient('A', { seq: 11_002, length: 9998, window: W }))).toBe('original');
    expect(world.left).toBe(432_000 - 7);
    expect(seen(world)[0].end).toBe(21_000);
    const { world: strict } = open();
    expect(strict.play(talk.fromClient('A', { seq: 11_002, length: 9999, window: W }))).toBe('invalid window');
    expect(seen(strict)[0].end).toBe(1001);
  });

  it('II: older than one window is ignored, not invalid', () => {
    const { world, talk } = open();
    world.play(talk.fromClient('PA', { length: 10_000, window: W }));
    world.play(talk.fromServer('A', { window: W }));
    expect([seen(world)[0].end, world.left]).toEqual([11_001, 432_000]);
    // end >= 11,001 - 10,000: the keep-alive below the very first byte is the last one inside.
    expect(world.wait(1).play(talk.fromClient('A', { seq: 1001, window: W }))).toBe('original');
    expect(world.left).toBe(432_000);
    expect(world.wait(1).play(talk.fromClient('A', { seq: 1000, window: W }))).toBe('original');
    expect(world.left).toBe(431_999);
  });

  it('III: acknowledging what was never sent is invalid', () => {
    const { world, talk } = open();
    expect(world.play(talk.fromClient('A', { ack: 5001, window: W }))).toBe('original');
    expect(world.play(talk.fromClient('A', { ack: 5002, window: W }))).toBe('invalid window');
    expect(world.play(talk.fromServer('A', { ack: 1002, window: W }))).toBe('invalid window');
  });

  it('IV: acknowledgements may lag 66,000 bytes, or the largest window; later ones are ignored', () => {
    const { world, talk } = open({}, { scale: 4 }, { scale: 4 });
    world.play(talk.fromClient('A', { window: 60_000 }));
    world.play(talk.fromServer('A', { window: 60_000 }));
    for (let sent = 0; sent < 4; sent++) world.play(talk.fromServer('PA', { length: 50_000, window: 60_000 }));
    expect(seen(world)[1].end).toBe(205_001);
    // The client's largest window is 960,000: anything goes.
    expect(world.wait(1).play(talk.fromClient('A', { ack: 5001, window: 60_000 }))).toBe('original');
    expect(world.left).toBe(300);
    const { world: small, talk: slow } = open({}, { window: 65_000 });
    world.play(slow.fromClient('A', { window: 65_000 }));
    for (let sent = 0; sent < 11; sent++) {
      small.play(slow.fromServer('PA', { length: 10_000, window: W }));
      small.play(slow.fromClient('A', { window: 65_000 }));
    }
    expect(seen(small)[1].end).toBe(115_001);
    // 115,001 - 66,000 = 49,001 is the oldest acknowledgement inside.
    expect(small.wait(1).play(slow.fromClient('A', { ack: 49_001, window: W }))).toBe('original');
    expect(small.left).toBe(432_000);
    expect(small.wait(1).play(slow.fromClient('A', { ack: 49_000, window: W }))).toBe('original');
    expect(small.left).toBe(431_999);
  });

  it('count the right edge of SACK blocks as acknowledged, where SACK was permitted', () => {
    const { world, talk } = open({}, { sackPermitted: true }, { sackPermitted: true });
    world.play(talk.fromServer('PA', { length: 2000, window: W }));
    expect(world.play(talk.fromClient('A', { ack: 5001, sack: 7001, window: W }))).toBe('original');
    expect(world.play(talk.fromClient('A', { ack: 5001, sack: 7002, window: W }))).toBe('invalid window');
    // The window then begins at that edge.
    expect(seen(world)[1].maxEnd).toBe(7001 + W);
    const { world: without, talk: plain } = open();
    expect(without.play(plain.fromClient('A', { ack: 5001, sack: 70_000, window: W }))).toBe('original');
  });

  it("are scaled only where both sides offered it, and never the SYN's own", () => {
    const { world, talk } = open({}, { scale: 7 }, { scale: 3 });
    expect(seen(world).map(side => side.scale)).toEqual([7, 3]);
    expect(seen(world)[1].maxEnd).toBe(5001 + (W << 7));
    world.play(talk.fromServer('A', { window: W }));
    expect(seen(world)[0].maxEnd).toBe(1001 + (W << 3));
    for (const [client, server] of [
      [{ scale: 7 }, {}],
      [{}, { scale: 7 }],
    ]) {
      expect(seen(open({}, client, server).world).map(side => side.scale)).toEqual([0, 0]);
    }
    // RFC 7323: shifts above 14 count as 14.
    expect(seen(open({}, { scale: 200 }, { scale: 15 }).world).map(side => side.scale)).toEqual([14, 14]);
  });

  it('follow numbers across 2^32', () => {
    const world = new World();
    const talk = new Conversation({}, 2 ** 32 - 3, 2 ** 31 - 2);
    expect(talk.handshake(world)).toEqual(['new', 'reply', 'original']);
    for (let i = 0; i < 8; i++) {
      expect(world.play(talk.fromClient('PA', { length: 1400 }))).toBe('original');
      expect(world.play(talk.fromServer('PA', { length: 1400 }))).toBe('reply');
    }
    expect(world.play(talk.fromClient('A', { seq: talk.client - 2 ** 32 + 500_000 }))).toBe('invalid window');
  });

  it('liberal: all four checks accept, and teach nothing', () => {
    const { world, talk } = open({ liberal: true });
    const before = seen(world)[0].end;
    expect(world.wait(1).play(talk.fromClient('A', { seq: 3_000_000_000, window: W }))).toBe('original');
    expect(world.play(talk.fromClient('A', { ack: 3_000_000_000, window: W }))).toBe('original');
    expect([seen(world)[0].end, world.left]).toEqual([before, 432_000]);
    expect(world.play(talk.fromServer('A', { seq: 4_000_000_000 }))).toBe('reply');
  });

  it('a window probe, a keep-alive and its answer are inside', () => {
    const { world, talk } = open();
    expect(world.play(talk.fromServer('A', { window: 0 }))).toBe('reply');
    expect(world.play(talk.fromClient('A', { length: 1, window: W }))).toBe('original');
    expect(world.play(talk.fromClient('A', { seq: talk.client - 1, window: W }))).toBe('original');
    expect(world.play(talk.fromServer('A', { window: W }))).toBe('reply');
  });

  it('are not checked any more once a segment came in IP fragments: its length is unknown', () => {
    const { world, talk } = open();
    expect(world.play(talk.fromClient('PA', { length: 1000, fragment: 1 }))).toBe('original');
    expect(world.play(talk.fromServer('A', { ack: talk.client + 7000 }))).toBe('reply');
  });
});
