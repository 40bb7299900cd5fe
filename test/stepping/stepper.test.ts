/**
 * A step's document is the same wherever its window begins, and says what explain says, for the shipped captures in both modes; and
 * what it says of the connection table goes together from packet to packet.
 */
import { describe, expect, it } from 'vitest';
import { explainPacket } from '../../src/explain/explanation.js';
import { explanationJson } from '../../src/explain/json.js';
import { catchPacket } from '../../src/explain/packet.js';
import { createRandom } from '../../src/generate/random.js';
import { profileField } from '../../src/profile/profile.js';
import type { StepDocument } from '../../src/stepping/document.js';
import { MOST_ENTRIES } from '../../src/stepping/table-records.js';
import { policap } from '../cli/person.js';
import { allCases } from '../support/cases.js';
import { seed } from '../support/seed.js';
import { caseNamed, documentOf, reopened } from './reopened.js';

const SAMPLES = 4;
/** Packets in a row that are held together. */
const WALKED = 150;
/** More than any shipped capture holds. */
const ALL = 100_000;

describe.each(allCases().map(it => [it.name, it] as const))('%s', (_, shipped) => {
  it.each(['what-if', 'dataplane'] as const)('%s', async mode => {
    const { stepper, reopen, compiled, options } = reopened(shipped, { mode });
    const whole = stepper(ALL);
    const { total, damage } = await whole.step(1);
    expect(damage).toBeNull();
    expect(await whole.step(total + 1)).toMatchObject({ document: null, total });
    const random = createRandom(seed);
    const narrow = stepper(2);
    for (let i = 0; i < SAMPLES; i++) {
      const number = 1 + random.below(total);
      const document = await documentOf(whole, number);
      for (const from of [number, number - 1, number + 2]) {
        if (from < 1 || from > total) continue;
        await narrow.step(from);
        expect(await documentOf(narrow, number), `packet ${number} after ${from}, seed ${seed}`).toEqual(document);
      }
      const facts = await catchPacket(reopen, compiled, options, number);
      if (facts === null || 'packets' in facts) throw new Error(`packet ${number} was not caught`);
      const said = JSON.parse(explanationJson(explainPacket(facts), profileField(compiled.profile)));
      expect(JSON.parse(JSON.stringify(document.explanation)), `packet ${number}, seed ${seed}`).toEqual(said);
    }
    let before: StepDocument | null = null;
    const walked: StepDocument[] = [];
    const first = Math.max(1, 1 + random.below(total) - WALKED);
    for (let number = first; number < Math.min(first + WALKED, total + 1); number++) {
      const document = await documentOf(whole, number);
      holdsTogether(before, document);
      before = document;
      walked.push(document);
    }
    for (const [i, { next }] of walked.entries()) {
      const dropped = walked.find((it, j) => j > i && it.explanation.verdict === 'dropped');
      if (dropped !== undefined) expect(next.dropped.forward).toBe(dropped.number);
    }
  });
});

describe('where timers are short', () => {
  const timeouts = { udp: 0.002, tcp_close: 0.002, tcp_time_wait: 0.002, tcp_syn_sent: 0.002, icmp: 0.002 };

  it.each(['pcaps/scan', 'pcaps/shop', 'examples/first-policy'])('%s: what expires is told once', async name => {
    const { stepper } = reopened(caseNamed(name), { timeouts });
    const steps = stepper(ALL);
    const { total } = await steps.step(1);
    let before: StepDocument | null = null;
    let expired = 0;
    for (let number = 1; number <= total; number++) {
      const document = await documentOf(steps, number);
      holdsTogether(before, document);
      expired += document.table.rows.filter(({ change }) => change === 'expired').length;
      before = document;
    }
    expect(expired).toBeGreaterThan(0);
  });
});

describe('a datagram in fragments', () => {
  it('is tracked when its last fragment comes', async () => {
    const { stepper } = reopened(caseNamed('pcaps/fragments'), { mode: 'dataplane' });
    const steps = stepper(ALL);
    const { total } = await steps.step(1);
    const own = { first: 0, last: 0 };
    for (let number = 1; number <= total; number++) {
      const { layers, table } = await documentOf(steps, number);
      const fragment = layers[1]?.fields.find(({ name }) => name === 'fragment')?.value ?? 'none';
      if (!table.rows.some(({ isOwn }) => isOwn)) continue;
      if (fragment.startsWith('at byte 0,')) own.first++;
      if (fragment.endsWith('the last')) own.last++;
    }
    expect(own.first).toBe(0);
    expect(own.last).toBeGreaterThan(0);
  });
});

/** What of two neighbours must go together. */
function holdsTogether(before: StepDocument | null, document: StepDocument): void {
  const { number, table, machine, explanation, next, trees } = document;
  const at = `packet ${number}`;
  if (before !== null || number === 1) expect(table.liveBefore, at).toBe(before?.table.live ?? 0);
  const alive = table.rows.filter(({ after }) => after !== null).length;
  expect(alive + table.others, at).toBe(table.live);
  if (table.live <= MOST_ENTRIES) expect(table.others, at).toBe(0);
  if (table.others === 0 && table.liveBefore <= MOST_ENTRIES) {
    const found = table.rows.filter(row => row.before !== null).length;
    expect(found, at).toBe(table.liveBefore);
  }
  const isChanged =
    table.live !== table.liveBefore || table.rows.some(({ change }) => change !== 'same' && change !== 'renewed');
  if (before !== null) expect(before.next.changes.forward === number, at).toBe(isChanged);
  for (const kind of ['dropped', 'changes', 'connection'] as const) {
    if (next[kind].back !== null) expect(next[kind].back).toBeLessThan(number);
    if (next[kind].forward !== null) expect(next[kind].forward).toBeGreaterThan(number);
  }
  if (before !== null) {
    expect(before.next.dropped.forward === number, at).toBe(explanation.verdict === 'dropped');
    const connection = explanation.packet!.connection;
    const isSame = connection !== null && connection === before.explanation.packet!.connection;
    expect(before.next.connection.forward === number, at).toBe(isSame);
  }
  for (const { end, scan } of trees.walks) {
    expect(/by rule (\d+),/.exec(end)?.[1], at).toBe(scan.decides === null ? undefined : `${scan.decides}`);
    expect(scan.comparisons, at).toBeGreaterThanOrEqual(scan.rules);
  }
  if (machine === null) return;
  const own = table.rows.find(({ isOwn }) => isOwn);
  expect(own?.before?.state ?? 'NONE', at).toBe(machine.before);
  expect(own?.after?.state ?? 'NONE', at).toBe(machine.after);
  const { connection } = explanation;
  expect(own?.before?.left ?? null, at).toBe(connection?.before?.timeoutSeconds ?? null);
  expect(own?.after?.left ?? null, at).toBe(connection?.after?.timeoutSeconds ?? null);
  expect(machine.timer?.seconds ?? null, at).toBe(connection?.after?.timeoutSeconds ?? null);
  if (own?.change === 'new') expect(machine.timer?.name, at).not.toBeNull();
  if (connection === null || machine.cell === null) return;
  const { src, sport } = explanation.packet!;
  const first = own?.isOwn ? own.source : null;
  const from = src?.includes(':') ? `[${src}]:${sport}` : `${src}:${sport}`;
  if (first !== null) expect(machine.event, at).toMatch(first === from ? /^original / : /^reply /);
  // Else a challenged reset, or an open from both sides.
  const isTaken = ['new', 'original', 'reply'].includes(connection.packet) && machine.before !== machine.after;
  if (isTaken) {
    moved++;
    expect([machine.cell, 'NONE'], at).toContain(machine.after);
  }
  if (machine.cell === 'invalid') expect(connection.packet, at).toBe('invalid');
}

/** Steps from one state of TCP to another. */
let moved = 0;

describe('beside the command line', () => {
  it.each([
    ['pcaps/midstream', 1],
    ['pcaps/shop', 97],
    ['pcaps/vxlan', 13],
    ['examples/calico-tiers', 173],
  ])('%s, every packet after so many: %i', async (name, every) => {
    const shipped = caseNamed(name);
    const { stepper } = reopened(shipped, { maxConnections: undefined });
    const steps = stepper(ALL);
    const { total } = await steps.step(1);
    for (let number = 1; number <= total; number += every) {
      const { explanation } = await documentOf(steps, number);
      const args = ['explain', `${name}/${shipped.captures[0]}#${number}`];
      const ran = await policap([...args, '-p', `${name}/policies`, '-c', `${name}/cluster.yaml`, '-o', 'json']);
      expect(JSON.parse(JSON.stringify(explanation)), `packet ${number}`).toEqual(JSON.parse(ran.out));
    }
  });
});

describe('over all of them', () => {
  it('TCP moves as its table says', () => expect(moved).toBeGreaterThan(100));
});
