/**
 * The examples' answers, written by hand, hold for the engine: every query, both sides.
 */
import { describe, expect, it } from 'vitest';
import type { Compiled } from '../../src/compile.js';
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC, STRIDE } from '../../src/packet/row.js';
import { addressWords, protocolNumber } from '../../src/packet/text.js';
import { createAnswers } from '../../src/query/answer.js';
import { EGRESS, FORWARD, INGRESS, OUTCOMES } from '../../src/tree/classifier.js';
import { combine } from '../../src/verdict/outcome.js';
import { type OutcomeRecord, reasonOf, verdictOf } from '../../src/verdict/verdict.js';
import { type Case, caseNames, type ExpectedOutcome, type ExpectedQuery, readCase } from './cases.js';
import { compileCase } from './engine.js';

const POSITION = /^examples\/[a-z-]+\/policies\/[a-z0-9-]+\.yaml:\d+:\d+$/;

/** What an expectation names of a record, in a form that compares: the order of the isolating policies says nothing. */
function named(record: OutcomeRecord | null, expected: ExpectedOutcome | null): unknown {
  if (record === null || expected === null) return record;
  const all = { ...record, policies: [...record.policies].sort() };
  return Object.fromEntries(Object.keys(expected).map(key => [key, all[key as keyof typeof all]]));
}

const wanted = (expected: ExpectedOutcome | null): unknown =>
  expected?.policies === undefined ? expected : { ...expected, policies: [...expected.policies].sort() };

const title = (query: ExpectedQuery): string => {
  const what = query.port ?? `type ${query.icmpType}`;
  const source = query.sourcePort === undefined ? '' : ` from port ${query.sourcePort}`;
  return `${query.from} -> ${query.to} ${query.protocol} ${what}${source}: ${query.verdict} (${query.reason})`;
};

function checkAll(example: Case, queries: readonly ExpectedQuery[], enforced: boolean): void {
  const answers = createAnswers(compileCase(example, enforced));
  it.each(queries.map(query => [title(query), query] as const))('%s', (_, query) => {
    const { from, to, port, protocol, sourcePort, icmpType, icmpCode } = query;
    const asked = { from, to, port, protocol, sourcePort, icmpType, icmpCode };
    const present = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
    const answer = answers.answer({ from, to, ...present });
    const got = {
      verdict: answer.verdict,
      reason: answer.reason,
      egress: named(answer.egress, query.egress),
      ingress: named(answer.ingress, query.ingress),
    };
    expect(got).toEqual({
      verdict: query.verdict,
      reason: query.reason,
      egress: wanted(query.egress),
      ingress: wanted(query.ingress),
    });
    for (const side of ['egress', 'ingress'] as const) {
      if (query[side]?.isolated === true) expect(answer[side]?.source).toMatch(POSITION);
    }
  });
}

/** The query as the first packet of a connection; null where an end has no address or is a service. */
function rowOf(query: ExpectedQuery, { inventory }: Compiled): Int32Array | null {
  const addresses = (end: string): readonly string[] =>
    inventory.pods.find(pod => `${pod.namespace}/${pod.name}` === end)?.addresses ?? [end];
  if (inventory.byAddress.get(query.to)?.kind === 'service') return null;
  const ends = addresses(query.from)
    .flatMap(from => addresses(query.to).map(to => [addressWords(from), addressWords(to)]))
    .find(([from, to]) => from && to && from.family === to.family);
  if (ends === undefined) return null;
  const row = new Int32Array(STRIDE);
  row[FAMILY] = ends[0]!.family;
  row[PROTOCOL] = protocolNumber(query.protocol)!;
  for (const [index, word] of [SRC, DST].entries()) row.set(ends[index]!.words, word);
  row[SPORT] = query.sourcePort ?? (query.port === undefined ? 0 : 49152);
  row[DPORT] = query.port ?? 0;
  row[ICMP_TYPE] = query.icmpType ?? 0;
  row[ICMP_CODE] = query.icmpCode ?? 0;
  return row;
}

describe.each(caseNames())('%s', name => {
  const example = readCase(name);

  describe('with its policies', () => checkAll(example, example.expected.queries, true));

  it('and the decision tree gives the same verdict to the packet that would open the connection', () => {
    const compiled = compileCase(example);
    expect(compiled.classifier.engine).toBe('tree');
    const out = new Int32Array(OUTCOMES);
    let asked = 0;
    for (const query of example.expected.queries) {
      const row = rowOf(query, compiled);
      if (row === null) continue;
      asked++;
      compiled.classifier.classify(row, 0, out, 0);
      const code = combine(out[EGRESS]!, out[INGRESS]!, out[FORWARD]!, compiled.ruleset.rules);
      expect(`${verdictOf(code)} ${reasonOf(code)}`, title(query)).toBe(`${query.verdict} ${query.reason}`);
    }
    // zero-trust is given by its workloads, which have no addresses.
    if (name === 'zero-trust') expect(asked).toBe(0);
    else expect(asked).toBeGreaterThan(7);
  });

  const { unenforced = [] } = example.expected;
  if (unenforced.length > 0) describe('without its policies', () => checkAll(example, unenforced, false));
});
