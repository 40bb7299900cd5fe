/**
 * Every cell of the TCP table: drive a connection into each state by packets, then offer every kind of packet from either
 * side, and hold answer, next state and timeout against the table as it was measured on Linux 6.12.117 and 6.18.44.
 */
import { describe, expect, it } from 'vitest';
import { TCP_TABLE } from '../../src/flow/tcp-states.js';
import { Conversation, type Packet, World } from './rows.js';

// As measured, in the order NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2.
const MEASURED: Record<string, string> = {
  'original syn': 'SS SS IG IG IG IG IG SS SS S2',
  'original synack': 'IV IV SR IV IV IV IV IV IV SR',
  'original fin': 'IV IV FW FW LA LA LA TW CL IV',
  'original ack': 'ES IV ES ES CW CW TW TW CL IV',
  'original rst': 'IV CL CL CL CL CL CL CL CL CL',
  'reply syn': 'IV S2 IV IV IV IV IV SS IV S2',
  'reply synack': 'IV SR IG IG IG IG IG IG IG SR',
  'reply fin': 'IV IV FW FW LA LA LA TW CL IV',
  'reply ack': 'IV IG SR ES CW CW TW TW CL IG',
  'reply rst': 'IV CL CL CL CL CL CL CL CL CL',
};
const NAMES: Record<string, string> = {
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  ES: 'ESTABLISHED',
  FW: 'FIN_WAIT',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  S2: 'SYN_SENT2',
};
const SECONDS: Record<string, number> = {
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432000,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
  SYN_SENT2: 120,
};
const STATES = ['NONE', 'SS', 'SR', 'ES', 'FW', 'CW', 'LA', 'TW', 'CL', 'S2'];

/** The packets that lead into each state. */
const drive = (code: string): { world: World; talk: Conversation } => {
  const world = new World();
  const talk = new Conversation();
  const steps: (() => Packet)[] = [() => talk.fromClient('S')];
  if (code === 'S2') steps.push(() => talk.fromServer('S'));
  else if (code !== 'SS') {
    steps.push(() => talk.fromServer('SA'));
    if (code !== 'SR') steps.push(() => talk.fromClient('A'));
    if (code === 'CL') steps.push(() => talk.fromServer('R'));
    const closing = [
      () => talk.fromClient('FA'),
      () => talk.fromServer('A'),
      () => talk.fromServer('FA'),
      () => talk.fromClient('A'),
    ];
    steps.push(...closing.slice(0, ['FW', 'CW', 'LA', 'TW'].indexOf(code) + 1));
  }
  for (const step of code === 'NONE' ? [] : steps) world.play(step());
  if (code !== 'NONE') expect(world.state).toBe(NAMES[code]);
  return { world, talk };
};

const VARIANTS: Record<string, string[]> = {
  syn: ['S', 'SU', 'SPEC'],
  synack: ['SA', 'SAP'],
  fin: ['FA', 'FAU', 'FAP'],
  ack: ['A', 'AU', 'APEC'],
  rst: ['R', 'RA'],
};
/** A packet of that kind that fits the connection's windows. */
const probe = (kind: string, flags: string, side: string, talk: Conversation, state: string): Packet => {
  const isOriginal = side === 'original';
  const repeated = kind === 'synack' || (kind === 'syn' && (state === 'SS' || state === 'S2'));
  const seq = (isOriginal ? talk.client : talk.server) - (repeated && !(state === 'SS' && !isOriginal) ? 1 : 0);
  // Nothing of the server has been seen in SYN_SENT: the client has nothing to acknowledge.
  const ack = isOriginal && state === 'SS' ? { ack: 0 } : {};
  return isOriginal ? talk.fromClient(flags, { seq, ...ack }) : talk.fromServer(flags, { seq });
};

describe('the TCP state table', () => {
  it('is printed as measured', () => {
    const printed = TCP_TABLE.trim()
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/));
    for (const [side, kind, ...cells] of printed) {
      expect(cells.join(' ')).toBe(MEASURED[`${side} ${kind}`] ?? Array(10).fill('IV').join(' '));
    }
    expect(printed.length).toBe(12);
  });

  for (const [row, cells] of Object.entries(MEASURED)) {
    const [side, kind] = row.split(' ') as [string, string];
    cells.split(' ').forEach((cell, column) => {
      const from = STATES[column]!;
      // A packet without an entry has no reply direction: its connection begins with it.
      if (from === 'NONE' && side === 'reply') return;
      for (const flags of VARIANTS[kind]!) {
        it(`${side} ${flags} in ${from}: ${cell}`, () => {
          const { world, talk } = drive(from);
          const before = from === 'NONE' ? 0 : world.left;
          world.wait(5);
          const answer = world.play(probe(kind, flags, side, talk, from));
          const accepted = side === 'reply' ? 'reply' : ['SS'].includes(from) ? 'unreplied' : 'original';
          if (from === 'NONE') {
            expect(answer).toBe(cell === 'IV' ? 'invalid no-entry' : 'new');
            if (cell === 'SS') expect([world.state, world.left]).toEqual(['SYN_SENT', 120]);
            // Picked up without a reply: no more than 300 s.
            if (cell === 'ES') expect([world.state, world.left]).toEqual(['ESTABLISHED', 300]);
            expect(world.live).toBe(cell === 'IV' ? 0 : 1);
          } else if (from === 'TW' && cell === 'SS') {
            // The old entry goes, and the SYN of either side is a new connection's.
            expect([answer, world.state, world.left, world.live]).toEqual(['new', 'SYN_SENT', 120, 1]);
            expect(world.tracker.counters().created).toBe(2);
          } else if (from === 'CL' && cell === 'SS') {
            // The server had reset it: the client's SYN is ignored.
            expect([answer, world.state, world.left]).toEqual(['original', 'CLOSE', 5]);
          } else if (from === 'SS' && kind === 'rst') {
            expect([answer, world.live]).toEqual([accepted, 0]);
          } else if (from === 'SS' && row === 'original syn') {
            // A repeated SYN does not renew.
            expect([answer, world.state, world.left]).toEqual(['unreplied', 'SYN_SENT', 115]);
          } else if (from === 'SS' && row === 'reply syn') {
            expect([answer, world.state, world.left]).toEqual(['reply', 'SYN_SENT2', 115]);
          } else if (cell === 'IV') {
            expect([answer, world.state, world.left]).toEqual(['invalid state', NAMES[from], before - 5]);
          } else if (cell === 'IG') {
            expect([answer, world.state, world.left]).toEqual([accepted, NAMES[from], before - 5]);
          } else {
            expect([answer, world.state, world.left]).toEqual([accepted, NAMES[cell], SECONDS[NAMES[cell]!]]);
          }
        });
      }
    });
  }

  // Everything but S, SU, SA, R, RA, FA, FAU, A, AU.
  for (const flags of ['', 'F', 'U', 'SF', 'SR', 'SFA', 'FPU', 'RF', 'RS', 'SAU', 'RAU', 'RU', 'FRA', 'SFRAU', 'PEC']) {
    it(`never accepts the flags "${flags}", in any state`, () => {
      for (const from of STATES) {
        for (const side of ['original', 'reply']) {
          const { world, talk } = drive(from);
          const before = from === 'NONE' ? [] : [world.state, world.left];
          expect(world.play(probe('illegal', flags, side, talk, from))).toBe('invalid header');
          expect(from === 'NONE' ? [] : [world.state, world.left]).toEqual(before);
        }
      }
    });
  }
});
