/**
 * documents -> classifier: one line a stage.
 *
 * In:  Kubernetes documents, and files of plain rules.  Out: everything a replay or a query needs, or the problems.
 * Errors are collected over all documents before the compilation ends.
 */
import type { Inventory } from './cluster/inventory.js';
import { readCluster } from './cluster/read.js';
import type { KubernetesDocument, Problem } from './documents/document.js';
import type { NetworkPolicy } from './policy/policy.js';
import { readPolicies } from './policy/read.js';
import { PROFILES } from './profile/index.js';
import type { Profile, ProfileName } from './profile/profile.js';
import { buildRules } from './rules/build.js';
import { profileWarnings } from './rules/profile-warnings.js';
import { type RuleFile, readRuleFiles } from './rules/rule-files.js';
import type { Ruleset } from './rules/ruleset.js';
import type { Classifier } from './tree/classifier.js';
import { createLinear } from './tree/linear.js';
import { createTree } from './tree/tree.js';

export interface Compiled {
  readonly inventory: Inventory;
  readonly policies: readonly NetworkPolicy[];
  /** Whose reading of the policies this is. */
  readonly profile: Profile;
  readonly ruleset: Ruleset;
  readonly classifier: Classifier;
  /** Warnings only: errors end the compilation. */
  readonly problems: readonly Problem[];
  /** Kinds that are not policap's business, with how many of each were given. */
  readonly ignored: ReadonlyMap<string, number>;
  readonly compileMs: number;
}

export interface CompileOptions {
  /** `tree` by default; `linear` is the specification the tree is held to. */
  readonly engine?: 'tree' | 'linear';
  /** The network plugin whose enforcement is followed where the specification leaves a choice; `upstream` by default. */
  readonly profile?: ProfileName;
  /** Plain 5-tuple rules (a RuleList or ClassBench's filter format), judged once for a forwarding host. */
  readonly ruleFiles?: readonly RuleFile[];
  /** dist/fast-path/fast-path.wasm, compiled: plain rules are looked up with it, about twice as fast. */
  readonly fastPath?: WebAssembly.Module | null;
}

export interface CompileResult {
  /** null when a problem is an error. */
  readonly compiled: Compiled | null;
  readonly problems: readonly Problem[];
}

export function compile(documents: readonly KubernetesDocument[], options: CompileOptions = {}): CompileResult {
  const started = performance.now();
  const { inventory, problems: clusterProblems, ignored } = readCluster(documents);
  const { policies, problems: policyProblems } = readPolicies(documents);
  const { forward, problems: ruleProblems } = readRuleFiles(options.ruleFiles ?? []);
  const profile = PROFILES[options.profile ?? 'upstream'];
  const profileProblems = profileWarnings(policies, profile);
  const problems = [...clusterProblems, ...policyProblems, ...ruleProblems, ...profileProblems];
  if (problems.some(({ severity }) => severity === 'error')) return { compiled: null, problems };

  const ruleset = buildRules(policies, inventory, forward, profile);
  const classifier =
    options.engine === 'linear'
      ? createLinear(ruleset, inventory)
      : createTree(ruleset, inventory, { fastPath: options.fastPath ?? null });
  const compileMs = performance.now() - started;
  return { compiled: { inventory, policies, profile, ruleset, classifier, problems, ignored, compileMs }, problems };
}
