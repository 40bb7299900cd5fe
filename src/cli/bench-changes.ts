/**
 * What a changed policy costs: how soon the classifier follows where everything else stays as it is.
 *
 * In:  the compiled policies, and how long it may take.  Out: CPU milliseconds from the policy to the classifier, as a
 * spread over rounds; in each another policy's rules get another port. Null where there are no policies. Plain rules are
 * left out: they are compiled anew with every change.
 */
import type { Compiled } from '../compile.js';
import type { NetworkPolicy, PolicyRule } from '../policy/policy.js';
import { createRuleBuilder } from '../rules/build.js';
import { createTreeBuilder } from '../tree/tree.js';
import { cpuSince, type Spread, spreadOf } from './bench-lookups.js';

const ROUNDS = 9;
/** What runs in the first rounds is compiled while it runs. */
const WARM = 2;
const FIRST_PORT = 20_000;

export function measureChange({ policies, inventory, profile }: Compiled, milliseconds: number): Spread | null {
  if (policies.length === 0) return null;
  const rules = createRuleBuilder(inventory, profile);
  const tree = createTreeBuilder(inventory);
  tree(rules(policies));
  const end = performance.now() + milliseconds;
  const taken: number[] = [];
  for (let round = 0; round < WARM + ROUNDS; round++) {
    const place = Math.floor((round * policies.length) / (WARM + ROUNDS));
    const changed = [...policies];
    changed[place] = withPort(policies[place]!, FIRST_PORT + round);
    const before = process.cpuUsage();
    tree(rules(changed));
    if (round >= WARM) taken.push(cpuSince(before) / 1e6);
    if (taken.length > 0 && performance.now() > end) break;
  }
  return spreadOf(taken);
}

function withPort(policy: NetworkPolicy, port: number): NetworkPolicy {
  const change = (rule: PolicyRule): PolicyRule => ({ ...rule, ports: [{ protocol: 'TCP', port, endPort: null }] });
  return { ...policy, ingress: policy.ingress.map(change), egress: policy.egress.map(change) };
}
