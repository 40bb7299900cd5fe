/**
 * Steps of crossings: the walk that counts them comes to the outcome that the lookup finds, and no packet between first
 * addresses of rules takes more steps than the longest way says.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { FAMILIES } from '../../src/generate/families.js';
import { generateRules } from '../../src/generate/rules.js';
import { classBenchLine } from '../../src/generate/text.js';
import { generateTrace } from '../../src/generate/trace.js';
import { DPORT, DST, FAMILY, PROTOCOL, SPORT, SRC, STRIDE } from '../../src/packet/row.js';
import { FORWARD, OUTCOMES } from '../../src/tree/classifier.js';
import { outcomeOf } from '../../src/tree/crossing.js';
import { CODES } from '../../src/tree/crossing-layout.js';
import { crossingSteps, deepestOfCrossing } from '../../src/tree/crossing-steps.js';
import { LAST_ICMP_CODE } from '../../src/tree/header-codes.js';
import { createLinear } from '../../src/tree/linear.js';
import { countSteps } from '../../src/tree/steps.js';
import type { Tree } from '../../src/tree/tree.js';

const cases = FAMILIES.flatMap(family => ([4, 6] as const).map(ip => ({ family, ip })));

describe.each(cases)('steps of $family, IPv$ip', ({ family, ip }) => {
  const filters = generateRules({ family, rules: 600, seed: 3, ip });
  const text = filters.map(classBenchLine).join('\n');
  const { ruleset, inventory, classifier } = compile([], { ruleFiles: [{ file: 'filters', text }] }).compiled!;
  const crossing = (classifier as Tree).directions.find(({ direction }) => direction === 'forward')!.crossing!;
  const linear = createLinear(ruleset, inventory);
  const trace = generateTrace(ruleset.rules, { headers: 400, seed: 5, skew: 0 });

  it('are those of the way to the deciding rule', () => {
    const row = new Int32Array(STRIDE);
    const out = new Int32Array(OUTCOMES);
    let matched = 0;
    for (const { source, destination, sourcePort, destinationPort, protocol } of trace) {
      row.fill(0);
      row[FAMILY] = ip;
      row[PROTOCOL] = protocol;
      row.set(source, SRC);
      row.set(destination, DST);
      row[SPORT] = sourcePort;
      row[DPORT] = destinationPort;
      linear.classify(row, 0, out, 0);
      const code = crossing.image[CODES + 1 + protocol]!;
      const ports = code <= LAST_ICMP_CODE ? ([0, 0] as const) : ([sourcePort, destinationPort] as const);
      const found = crossingSteps(crossing, row.subarray(SRC, SRC + 4), row.subarray(DST, DST + 4), ip, [
        ...ports,
        code,
      ]);
      if (crossing.loose === null) expect(outcomeOf(crossing, found.order)).toBe(out[FORWARD]);
      if (outcomeOf(crossing, found.order) === out[FORWARD]) matched++;
      expect(countSteps(classifier as Tree, row, 0)).toBeGreaterThanOrEqual(found.steps);
      expect(found.steps).toBeGreaterThan(3);
    }
    expect(matched).toBeGreaterThan(300);
  });

  it('are the most where many rules meet', () => {
    const deepest = deepestOfCrossing(crossing, ruleset.rules);
    expect(deepest.rules.length).toBeGreaterThan(0);
    expect(new Set(deepest.rules).size).toBe(deepest.rules.length);
    const words = (address: number | bigint): number[] =>
      typeof address === 'number' ? [address] : [96n, 64n, 32n, 0n].map(s => Number((address >> s) & 0xffffffffn));
    const [source, destination] = [words(deepest.subject), words(deepest.peer)];
    let most = 0;
    for (const protocol of [1, 6, 17, 47]) {
      for (const { sourcePort, destinationPort } of trace) {
        const code = crossing.image[CODES + 1 + protocol]!;
        const found = crossingSteps(crossing, source, destination, ip, [sourcePort, destinationPort, code]);
        const steps = found.steps - found.addressSteps;
        expect(steps).toBeLessThanOrEqual(deepest.steps);
        most = Math.max(most, steps);
      }
    }
    expect(most).toBeGreaterThan(deepest.steps / 2);
  });
});
