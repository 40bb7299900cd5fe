/** SCTP associations: the chunk table, verification tags, heartbeats, collisions. */
import { describe, expect, it } from 'vitest';
import { SCTP_CHUNKS, SCTP_TABLE } from '../../src/flow/sctp-states.js';
import { CLIENT, chunk, type Packet, SERVER, sctp, World } from './rows.js';

const A = 0xaaaa0001;
const B = 0xbbbb0002;
const { init, init_ack, abort, shutdown, shutdown_ack, error, cookie_echo, cookie_ack, shutdown_complete } =
  SCTP_CHUNKS;
const { heartbeat, heartbeat_ack } = SCTP_CHUNKS;
const data = chunk(0);
const client = (tag: number, ...chunks: Uint8Array[]): Packet => sctp({ sport: 5000, dport: 3868 }, tag, ...chunks);
const server = (tag: number, ...chunks: Uint8Array[]): Packet =>
  sctp({ src: SERVER, dst: CLIENT, sport: 3868, dport: 5000 }, tag, ...chunks);

// The client chose A (the server sends it), the server chose B.
const HANDSHAKE: [Packet, string, string, number][] = [
  [client(0, chunk(init, { tag: A })), 'new', 'CLOSED', 10],
  [server(A, chunk(init_ack, { tag: B })), 'reply', 'COOKIE_WAIT', 3],
  [client(B, chunk(cookie_echo)), 'original', 'COOKIE_ECHOED', 3],
  [server(A, chunk(cookie_ack)), 'reply', 'ESTABLISHED', 210],
];
const established = (): World => {
  const world = new World();
  for (const [packet, answer, state, seconds] of HANDSHAKE)
    expect([world.play(packet), world.state, world.left]).toEqual([answer, state, seconds]);
  return world;
};

describe('an SCTP association', () => {
  it('is opened by four packets and carries data both ways', () => {
    const world = established();
    expect(world.tracker.describe(world.slot)).toMatchObject({ assured: true, tags: [B, A] });
    expect([world.wait(9).play(client(B, data, data)), world.state, world.left]).toEqual([
      'original',
      'ESTABLISHED',
      210,
    ]);
    expect(world.play(server(A, chunk(3), data))).toBe('reply');
  });

  it('closes in three packets, whoever begins', () => {
    const world = established();
    expect([world.play(client(B, chunk(shutdown))), world.state, world.left]).toEqual(['original', 'SHUTDOWN_SENT', 3]);
    expect([world.play(server(A, chunk(shutdown_ack))), world.state, world.left]).toEqual([
      'reply',
      'SHUTDOWN_ACK_SENT',
      3,
    ]);
    expect([world.play(client(B, chunk(shutdown_complete))), world.state, world.left]).toEqual([
      'original',
      'CLOSED',
      10,
    ]);
    const other = established();
    expect([other.play(server(A, chunk(shutdown))), other.state]).toEqual(['reply', 'SHUTDOWN_RECD']);
    expect([other.play(client(B, chunk(shutdown_ack))), other.state]).toEqual(['original', 'SHUTDOWN_ACK_SENT']);
    expect([other.play(server(A, chunk(shutdown_complete))), other.state]).toEqual(['reply', 'CLOSED']);
  });

  it("is aborted with the own tag, or the peer's reflected (T bit)", () => {
    const world = established();
    expect(world.play(client(A, chunk(abort)))).toBe('invalid state');
    expect(world.play(client(B, chunk(abort, { flags: 1 })))).toBe('invalid state');
    expect(world.state).toBe('ESTABLISHED');
    expect([world.play(client(A, chunk(abort, { flags: 1 }))), world.state, world.left]).toEqual([
      'original',
      'CLOSED',
      10,
    ]);
    const other = established();
    expect([other.play(server(A, chunk(abort))), other.state]).toEqual(['reply', 'CLOSED']);
  });

  it('does not begin with data, an abort, a late chunk, or an INIT that has a tag', () => {
    const world = new World();
    expect(world.play(client(B, data))).toBe('invalid no-entry');
    for (const type of [abort, shutdown_complete, cookie_ack])
      expect(world.play(client(B, chunk(type)))).toBe('invalid no-entry');
    expect(world.play(client(7, chunk(init, { tag: A })))).toBe('invalid header');
    expect(world.live).toBe(0);
    expect([world.play(client(B, chunk(shutdown_ack))), world.state]).toEqual(['new', 'SHUTDOWN_ACK_SENT']);
  });

  it('refuses wrong tags', () => {
    const world = established();
    for (const packet of [
      client(A, data),
      server(B, data),
      client(0, data),
      client(A, chunk(cookie_echo)),
      client(7, chunk(shutdown)),
      client(B, chunk(init, { tag: A })),
    ]) {
      expect(world.play(packet)).toBe('invalid state');
    }
    expect([world.state, world.left]).toEqual(['ESTABLISHED', 210]);
  });

  it('refuses chunks in wrong company, of length 0, and none at all', () => {
    const world = established();
    for (const chunks of [
      [chunk(init, { tag: A }), data],
      [data, chunk(init_ack, { tag: B })],
      [chunk(shutdown_complete), data],
      [data, chunk(cookie_ack)],
      [data, chunk(cookie_echo)],
      [chunk(0, { length: 0 })],
      [],
    ]) {
      expect(world.play(client(B, ...chunks))).toBe('invalid header');
    }
    expect(world.play(client(B, chunk(cookie_echo), data))).toBe('original');
  });

  it('is not renewed by a repeated INIT', () => {
    const world = new World();
    world.play(HANDSHAKE[0]![0]);
    expect([world.wait(4).play(HANDSHAKE[0]![0]), world.left]).toEqual(['unreplied', 6]);
  });

  it('out of the blue expects a tag only of the answer to a SHUTDOWN ACK', () => {
    const world = new World();
    expect(world.play(client(B, chunk(shutdown_ack)))).toBe('new');
    expect(world.tracker.describe(world.slot).tags).toEqual([0, B]);
    expect([world.play(server(B, chunk(shutdown_complete, { flags: 0 }))), world.state]).toEqual(['reply', 'CLOSED']);
    const other = new World();
    expect(other.play(client(B, chunk(heartbeat_ack)))).toBe('new');
    expect(other.tracker.describe(other.slot).tags).toEqual([B, 0]);
    expect(other.play(server(B, chunk(error)))).toBe('invalid state');
  });

  it('on a second path begins with a heartbeat', () => {
    const world = new World();
    expect([world.play(client(B, chunk(heartbeat))), world.state, world.left]).toEqual(['new', 'HEARTBEAT_SENT', 30]);
    expect([world.play(server(A, chunk(heartbeat_ack))), world.state, world.left]).toEqual([
      'reply',
      'ESTABLISHED',
      210,
    ]);
    expect(world.play(client(B, data))).toBe('original');
    expect(world.play(client(A, data))).toBe('invalid state');
  });

  it("learns a restarted association's tags from a heartbeat and its answer", () => {
    const world = established();
    const C = 0xcccc0003;
    expect([world.wait(5).play(client(C, chunk(heartbeat))), world.left]).toEqual(['original', 205]);
    expect(world.play(client(C, chunk(heartbeat), data))).toBe('invalid state');
    // Only the side that was asked may answer with an unknown tag.
    expect(world.play(client(C, chunk(heartbeat_ack)))).toBe('invalid state');
    expect(world.play(server(C + 1, chunk(heartbeat_ack)))).toBe('reply');
    expect(world.tracker.describe(world.slot).tags).toEqual([0, C + 1]);
    expect(world.play(client(C, chunk(heartbeat)))).toBe('original');
    expect(world.tracker.describe(world.slot).tags).toEqual([C, C + 1]);
  });

  it('a repeated INIT announces nothing new: another INIT ACK than the first is refused', () => {
    const world = established();
    expect(world.play(client(0, chunk(init, { tag: A })))).toBe('original');
    expect(world.play(server(A, chunk(init_ack, { tag: B + 1 })))).toBe('invalid state');
    // A restart with a new tag may be answered with a new tag.
    expect(world.play(client(0, chunk(init, { tag: A + 1 })))).toBe('original');
    expect(world.play(server(A + 1, chunk(init_ack, { tag: B + 1 })))).toBe('reply');
  });

  it('survives INITs that cross', () => {
    const world = new World();
    expect(world.play(client(0, chunk(init, { tag: A })))).toBe('new');
    expect(world.play(server(0, chunk(init, { tag: B })))).toBe('reply');
    expect(world.play(server(A, chunk(init_ack, { tag: B + 1 })))).toBe('invalid state');
    expect(world.play(server(A, chunk(init_ack, { tag: B })))).toBe('reply');
    expect(world.play(client(B, chunk(init_ack, { tag: A })))).toBe('original');
    expect(world.play(client(B, chunk(cookie_echo)))).toBe('original');
    expect([world.play(server(A, chunk(cookie_ack))), world.state]).toEqual(['reply', 'ESTABLISHED']);
  });

  it('keeps to its table: every chunk in every state, from either side', () => {
    const C = chunk(heartbeat);
    const drives: Record<string, Packet[]> = {
      CL: [HANDSHAKE[0]![0]],
      CW: HANDSHAKE.slice(0, 2).map(([packet]) => packet),
      CE: HANDSHAKE.slice(0, 3).map(([packet]) => packet),
      ES: HANDSHAKE.map(([packet]) => packet),
      SS: [...HANDSHAKE.map(([packet]) => packet), client(B, chunk(shutdown))],
      SR: [...HANDSHAKE.map(([packet]) => packet), server(A, chunk(shutdown))],
      SA: [...HANDSHAKE.map(([packet]) => packet), client(B, chunk(shutdown)), server(A, chunk(shutdown_ack))],
      HS: [client(B, C)],
    };
    const names: Record<string, string> = {
      CL: 'CLOSED',
      CW: 'COOKIE_WAIT',
      CE: 'COOKIE_ECHOED',
      ES: 'ESTABLISHED',
      SS: 'SHUTDOWN_SENT',
      SR: 'SHUTDOWN_RECD',
      SA: 'SHUTDOWN_ACK_SENT',
      HS: 'HEARTBEAT_SENT',
    };
    const columns = ['NO', 'CL', 'CW', 'CE', 'ES', 'SS', 'SR', 'SA', 'HS'];
    // RFC 9260 chunk types, as data of the test.
    const types: Record<string, number> = {
      init: 1,
      init_ack: 2,
      abort: 6,
      shutdown: 7,
      shutdown_ack: 8,
      error: 9,
      cookie_echo: 10,
      cookie_ack: 11,
      shutdown_complete: 14,
      heartbeat: 4,
      heartbeat_ack: 5,
    };
    let cells = 0;
    for (const line of SCTP_TABLE.trim().split('\n').slice(1)) {
      const [side, name, ...row] = line.trim().split(/\s+/);
      row.forEach((cell, column) => {
        const from = columns[column]!;
        if (from === 'NO') return;
        const world = new World();
        for (const packet of drives[from]!) world.play(packet);
        expect(world.state).toBe(names[from]);
        const [original, reply] = world.tracker.describe(world.slot).tags!;
        const isOriginal = side === 'original';
        const tag = name === 'init' ? 0 : isOriginal ? original : reply;
        const announced = (isOriginal ? reply : original) || (isOriginal ? A : B);
        const answer = world.play((isOriginal ? client : server)(tag, chunk(types[name!]!, { tag: announced })));
        expect([side, name, from, answer.startsWith('invalid'), world.state]).toEqual([
          side,
          name,
          from,
          cell === 'IV',
          names[cell === 'IV' ? from : cell!],
        ]);
        cells++;
      });
    }
    expect(cells).toBe(22 * 8);
    expect(error).toBe(9);
  });
});
