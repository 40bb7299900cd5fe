/**
 * Rule sets and headers for classifiers: ClassBench's filter lines, and a line a header.
 *
 * In:  a family of src/generate, how many rules and headers, 4 or 6.  Out: { rules, trace } as text; a header is `source
 * destination sport dport protocol` in whole numbers, as dpdk-test-acl reads it; an IPv6 address is four of them with commas.
 * Headers lie inside of rules and none comes twice on purpose: what a cache would hide is not hidden.
 */
import { compile } from '../dist/compile.js';
import { generateRules } from '../dist/generate/rules.js';
import { classBenchLine } from '../dist/generate/text.js';
import { generateTrace } from '../dist/generate/trace.js';

export function createRuleSet(family, count, ip, headers) {
  const filters = generateRules({ family, rules: count, seed: 1, ip });
  // dpdk-test-acl wants a blank behind the protocol.
  const rules = filters.map(filter => `${classBenchLine(filter)} \n`).join('');
  const { compiled } = compile([], { ruleFiles: [{ file: 'generated', text: rules }], engine: 'linear' });
  const trace = generateTrace(compiled.ruleset.rules, { headers, seed: 2, skew: 0 });
  const line = h => [h.source.join(), h.destination.join(), h.sourcePort, h.destinationPort, h.protocol].join(' ');
  return { rules, trace: `${trace.map(line).join('\n')}\n` };
}
