/**
 * Rule files -> forward tiers: plain 5-tuple rules without Kubernetes, judged once for a forwarding host (cold).
 *
 * In:  the texts of the files given with `--rules`.  Out: one tier a file, in the order given, and all problems.
 * The format is told by the text: ClassBench's filters begin with `@`, everything else is a YAML RuleList.
 */
import type { Problem } from '../documents/document.js';
import type { ForwardRules } from './build.js';
import { readClassBench } from './classbench.js';
import { readRuleList } from './plain.js';
import type { Rule, Tier } from './ruleset.js';

export interface RuleFile {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
}

/** What one file holds. Rules are numbered from 0, in tier 0. */
export interface RuleFileContent extends ForwardRules {
  readonly problems: readonly Problem[];
}

export function readRuleFile(text: string, file: string): RuleFileContent {
  return /^(\s*(#[^\n]*)?\n)*\s*@/.test(text) ? readClassBench(text, file) : readRuleList(text, file);
}

export function readRuleFiles(files: readonly RuleFile[]): { forward: ForwardRules; problems: Problem[] } {
  const tiers: Tier[] = [];
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  for (const { file, text } of files) {
    const content = readRuleFile(text, file);
    problems.push(...content.problems);
    for (const tier of content.tiers) {
      const place = { tier: tiers.length };
      const placed = tier.rules.map((rule, i) => ({ ...rule, ...place, index: rules.length + i }));
      for (const rule of placed) rules.push(rule);
      const isolations = tier.isolations.map(isolation => ({ ...isolation, ...place }));
      tiers.push({ name: tier.name, rules: placed, isolations });
    }
  }
  return { forward: { tiers, rules }, problems };
}
