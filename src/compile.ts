/**
 * documents -> classifier: one line a stage.
 *
 * In:  Kubernetes documents, and files of plain rules.  Out: everything a replay or a query needs, or the problems.
 * Errors are collected over all documents before the compilation ends.
 */
import type { Inventory, Pod } from './cluster/inventory.js';
import { createClusterReader } from './cluster/read.js';
import type { KubernetesDocument, Problem } from './documents/document.js';
import { createMesh, type Mesh } from './mesh/mesh.js';
import { settleStaged } from './policy/calico/staged.js';
import type { DialectObjects } from './policy/dialects.js';
import type { NetworkPolicy } from './policy/policy.js';
import { createPolicyReader, isPolicyDocument, type ReadPolicies } from './policy/read.js';
import { detectProfile } from './profile/detect.js';
import { PROFILES } from './profile/index.js';
import type { Profile, ProfileName } from './profile/profile.js';
import { createRuleBuilder, type RuleBuilder } from './rules/build.js';
import { profileWarnings } from './rules/profile-warnings.js';
import { type RuleFile, readRuleFiles } from './rules/rule-files.js';
import type { Ruleset } from './rules/ruleset.js';
import type { Classifier } from './tree/classifier.js';
import { createLinear } from './tree/linear.js';
import { createTreeBuilder, type TreeBuilder } from './tree/tree.js';

export interface Compiled {
  readonly inventory: Inventory;
  readonly policies: readonly NetworkPolicy[];
  /** What was read of other kinds of policies. */
  readonly objects: DialectObjects;
  /** Whose reading of the policies this is. */
  readonly profile: Profile;
  /** `asked for`, or what of the cluster told: `DaemonSet kube-system/calico-node`. */
  readonly profileFrom: string;
  readonly ruleset: Ruleset;
  readonly classifier: Classifier;
  /** The service mesh's layer, judged behind the classifier's and reported apart. */
  readonly mesh: Mesh;
  /** Warnings only: errors end the compilation. */
  readonly problems: readonly Problem[];
  /** Kinds that are not policap's business, with how many of each were given. */
  readonly ignored: ReadonlyMap<string, number>;
  readonly compileMs: number;
}

export interface CompileOptions {
  /** `tree` by default; `linear` is the specification the tree is held to. */
  readonly engine?: 'tree' | 'linear';
  /**
   * The network plugin whose enforcement is followed where the specification leaves a choice; by default the one that the
   * cluster's workloads name, `upstream` where they name none.
   */
  readonly profile?: ProfileName;
  /** Calico's staged policies are judged as if they were enforced; by default they are left out. */
  readonly staged?: boolean;
  /** Plain 5-tuple rules (a RuleList or ClassBench's filter format), judged once for a forwarding host. */
  readonly ruleFiles?: readonly RuleFile[];
  /** dist/fast-path/fast-path.wasm, compiled: plain rules, and policies in batches, are looked up with it, sooner. */
  readonly fastPath?: WebAssembly.Module | null;
}

export interface CompileResult {
  /** null when a problem is an error. */
  readonly compiled: Compiled | null;
  readonly problems: readonly Problem[];
}

export function compile(documents: readonly KubernetesDocument[], options: CompileOptions = {}): CompileResult {
  return createCompiler(options).compile(documents);
}

/** Compiles again and again, for who keeps running while policies change. */
export interface Compiler {
  /**
   * What compile() gives, sooner: documents that were given before (the same objects) are not read again, and where only
   * policies have changed, neither are the pods looked through nor unchanged policies compiled.
   */
  compile(documents: readonly KubernetesDocument[]): CompileResult;
}

export function createCompiler(options: CompileOptions = {}): Compiler {
  const readCluster = createClusterReader(isPolicyDocument);
  const readPolicies = createPolicyReader();
  const asked = options.profile === undefined ? null : { name: options.profile, why: 'asked for' };
  let plain: ReturnType<typeof readRuleFiles> | null = null;
  let builders: Builders | null = null;
  return {
    compile(documents) {
      const started = performance.now();
      const { inventory, problems: clusterProblems, ignored } = readCluster(documents);
      plain ??= readRuleFiles(options.ruleFiles ?? []);
      const { forward, problems: ruleProblems } = plain;
      if (builders?.pods !== inventory.pods) {
        const { name, why } = asked ?? detectProfile(inventory.pods);
        builders = createBuilders(inventory, PROFILES[name], why, options.fastPath ?? null);
      }
      const { profile, profileFrom } = builders;
      const read = readPolicies(documents);
      const { policies, objects, problems: policyProblems } = settle(read, profile, options.staged === true);
      const profileProblems = profileWarnings(policies, profile);
      const problems = [...clusterProblems, ...policyProblems, ...ruleProblems, ...profileProblems];
      if (problems.some(({ severity }) => severity === 'error')) return { compiled: null, problems };

      const { contributions, problems: dialectProblems } = builders.rules.contribute(objects);
      problems.push(...dialectProblems);
      const ruleset = builders.rules(policies, forward, contributions);
      const classifier = options.engine === 'linear' ? createLinear(ruleset, inventory) : builders.tree(ruleset);
      const mesh = createMesh(objects.istio, inventory);
      problems.push(...mesh.problems);
      const compileMs = performance.now() - started;
      return {
        compiled: {
          inventory,
          policies,
          objects,
          profile,
          profileFrom,
          ruleset,
          classifier,
          mesh,
          problems,
          ignored,
          compileMs,
        },
        problems,
      };
    },
  };
}

/** What of the policies counts: as a plugin other than Calico leaves all of its kinds out, it says so of staged ones, too. */
function settle(read: ReadPolicies, profile: Profile, isStaged: boolean): ReadPolicies {
  if (!profile.enforces.includes('calico')) return read;
  const { policies, calico, problems } = settleStaged(read.policies, read.objects.calico, isStaged);
  return { policies, objects: { ...read.objects, calico }, problems: [...read.problems, ...problems] };
}

/** They keep what depends on the pods alone. A namespace without pods is none of theirs. */
interface Builders {
  readonly pods: readonly Pod[];
  readonly profile: Profile;
  readonly profileFrom: string;
  readonly rules: RuleBuilder;
  readonly tree: TreeBuilder;
}

const createBuilders = (
  inventory: Inventory,
  profile: Profile,
  profileFrom: string,
  fastPath: WebAssembly.Module | null,
): Builders => ({
  pods: inventory.pods,
  profile,
  profileFrom,
  rules: createRuleBuilder(inventory, profile),
  tree: createTreeBuilder(inventory, { fastPath }),
});
