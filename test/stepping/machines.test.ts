/** A machine's arrows are the cells of the printed tables, each once; timers are named by the state and the time that is left. */
import { describe, expect, it } from 'vitest';
import { rowOf } from '../../src/explain/decision.js';
import type { ConnectionDescription } from '../../src/flow/describe.js';
import { SCTP_STATE_NAMES, SCTP_TABLE } from '../../src/flow/sctp-states.js';
import { TCP_STATE_NAMES, TCP_TABLE } from '../../src/flow/tcp-states.js';
import { timeoutTable } from '../../src/flow/timeouts.js';
import { TRACK_INVALID } from '../../src/flow/tracker.js';
import { TCP_FLAGS } from '../../src/packet/row.js';
import { machineStep, timerOf } from '../../src/stepping/machine-step.js';
import { machineOf } from '../../src/stepping/machines.js';

/** `from to event` of every cell that leads to another state. */
function cellsOf(table: string, names: readonly string[]): string[] {
  const [head = '', ...lines] = table.trim().split('\n');
  const codes = head.trim().split(/\s+/);
  return lines.flatMap(line => {
    const [direction, event, ...cells] = line.trim().split(/\s+/);
    return cells.flatMap((to, from) => {
      const at = codes.indexOf(to);
      return at < 0 || at === from ? [] : [`${names[from]} ${names[at]} ${direction} ${event}`];
    });
  });
}

describe('the arrows', () => {
  it.each([
    [6, TCP_TABLE, TCP_STATE_NAMES],
    [132, SCTP_TABLE, SCTP_STATE_NAMES],
  ] as const)('of protocol %i', (protocol, table, names) => {
    const { edges, states } = machineOf(protocol);
    expect(states.map(({ name }) => name)).toEqual([...names]);
    const told = edges.flatMap(({ from, to, events }) => events.map(event => `${from} ${to} ${event}`));
    const cells = cellsOf(table, names);
    expect(cells.length).toBeGreaterThan(30);
    expect([...told].sort()).toEqual([...cells].sort());
    expect(new Set(edges.map(({ from, to }) => `${from} ${to}`)).size).toBe(edges.length);
  });
});

const entry = (protocol: number, more: Partial<ConnectionDescription>): ConnectionDescription => ({
  protocol,
  source: '10.0.0.1',
  destination: '10.0.0.2',
  sourcePort: 1,
  destinationPort: 2,
  icmp: null,
  state: '',
  replied: false,
  assured: false,
  timeoutLeft: 0,
  seen: null,
  retransmissions: 0,
  tags: null,
  ...more,
});

describe('the timer', () => {
  it.each([
    [6, { state: 'ESTABLISHED', timeoutLeft: 432_000_000 }, 'tcp_established'],
    [6, { state: 'ESTABLISHED', timeoutLeft: 300_000 }, 'tcp_unacknowledged'],
    [6, { state: 'ESTABLISHED', timeoutLeft: 300_000, retransmissions: 3 }, 'tcp_max_retrans'],
    [6, { state: 'SYN_RECV', timeoutLeft: 60_000 }, 'tcp_syn_recv'],
    [6, { state: 'CLOSE', timeoutLeft: 9_999 }, null],
    [17, { timeoutLeft: 30_000 }, 'udp'],
    [17, { assured: true, timeoutLeft: 120_000 }, 'udp_stream'],
    [1, { timeoutLeft: 30_000 }, 'icmp'],
    [58, { timeoutLeft: 30_000 }, 'icmpv6'],
    [132, { state: 'ESTABLISHED', timeoutLeft: 210_000 }, 'sctp_established'],
    [132, { state: 'SHUTDOWN_SENT', timeoutLeft: 3_000 }, 'sctp_shutdown_sent'],
    [89, { timeoutLeft: 600_000 }, 'generic'],
  ] as const)('of protocol %i, %j: %s', (protocol, more, name) => {
    const timer = timerOf(entry(protocol, more), timeoutTable());
    expect(timer).toMatchObject({ name, seconds: more.timeoutLeft / 1000 });
  });
});

describe('the event', () => {
  it.each([
    ['10.0.0.1', '10.0.0.2', 1, 2, 'original syn', 'SYN_SENT'],
    ['10.0.0.2', '10.0.0.1', 2, 1, 'reply syn', 'SYN_SENT2'],
  ])('of an invalid packet from %s to %s', (source, destination, sport, dport, event, cell) => {
    const header = { protocol: 6, sourcePort: sport, destinationPort: dport, icmpType: -1, icmpCode: -1 };
    const end = (address: string) => ({ owner: -1, address });
    const row = rowOf({ ...header, source: end(source), destination: end(destination) })!;
    row[TCP_FLAGS] = 2;
    const before = entry(6, { state: 'SYN_SENT', timeoutLeft: 100 });
    const tracked = { code: TRACK_INVALID, invalid: 3, before, isExpired: false, after: before, isDescribed: true };
    expect(machineStep(tracked, row, timeoutTable())).toMatchObject({ event, cell, before: 'SYN_SENT' });
  });
});
