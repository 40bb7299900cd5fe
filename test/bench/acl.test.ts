/** DPDK's classifier counts only where it answers as policap does; policies between groups of pods and their pairs agree. */
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript without declarations
import { difference } from '../../bench/acl.mjs';
// @ts-expect-error plain JavaScript without declarations
import { createPairs } from '../../bench/kubernetes.mjs';
import { compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import * as row from '../../src/packet/row.js';
import { FORWARD, INGRESS, OUTCOMES } from '../../src/tree/classifier.js';

const same = (line: number): number => line;

describe('the answers of another classifier', () => {
  it.each([
    [[0, 3, -1], null],
    [[0, 3], 'it answers 2 headers of 3'],
    [[0, 3, 4], "1 of 3 answers differ: header 2 is rule 4's, policap says -1's"],
    [[1, -1, -1], "2 of 3 answers differ: header 0 is rule 1's, policap says 0's"],
  ])('%j to 0, 3, -1 are held to it', (found, expected) => {
    expect(difference(found, [0, 3, -1], same)).toBe(expected);
  });

  it('are numbered as policies are', () => {
    expect(difference([0, 7, -1], [0, 3, -1], (line: number) => line >> 1)).toBeNull();
  });
});

describe('policies that allow pairs of pods', () => {
  it('and a filter a pair are the same to every header', () => {
    const set = createPairs(2000, 500);
    const policies = compile(readDocuments(set.documents, 'pairs.json').documents).compiled!;
    const pairs = compile([], { ruleFiles: [{ file: 'pairs', text: set.rules }] }).compiled!;
    expect(pairs.ruleset.rules.length).toBe(set.count);
    const out = new Int32Array(OUTCOMES);
    const counts = new Map<string, number>();
    for (const line of set.trace.trim().split('\n')) {
      const [src, dst, sport, dport, protocol] = line.split(' ').map(Number);
      const rows = new Int32Array(row.STRIDE);
      rows[row.FAMILY] = 4;
      rows[row.SRC] = src!;
      rows[row.DST] = dst!;
      rows[row.SPORT] = sport!;
      rows[row.DPORT] = dport!;
      rows[row.PROTOCOL] = protocol!;
      policies.classifier.classify(rows, 0, out, 0);
      const rule = out[INGRESS]!;
      const policy = rule < 0 ? 'none' : policies.ruleset.rules[rule]!.origin.policy;
      pairs.classifier.classify(rows, 0, out, 0);
      const pair = out[FORWARD]!;
      expect(pair < 0 ? 'none' : `bench/policy-${set.policyOf(pair)}`).toBe(policy);
      counts.set(policy, (counts.get(policy) ?? 0) + 1);
    }
    // Half of the headers are meant for a policy, and every policy is met.
    expect(counts.get('none')).toBeGreaterThan(150);
    expect(counts.get('none')).toBeLessThan(260);
    expect(counts.size).toBe(5);
  });
});
