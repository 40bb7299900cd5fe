/**
 * Calico's objects -> contributions (cold).
 *
 * In:  what was read of Calico's kinds, staged policies already settled (policy/calico/staged.ts).  Out: contributions, and
 * warnings about what is not known. Made again from nothing only where tiers, sets, host endpoints or profiles change: of
 * policies that it has seen (by identity) nothing is made anew. Numbers are facts of docs/dialects/calico.md.
 */
import type { Inventory } from '../../cluster/inventory.js';
import type { Problem } from '../../documents/document.js';
import type { CalicoObject, CalicoPolicy, CalicoProfile, HostEndpoint, Tier } from '../../policy/calico/model.js';
import { objectName } from '../../policy/dialects.js';
import type { Contribution, Contributor, RuleContext } from '../contribution.js';
import { createEndpoints } from './endpoints.js';
import { createHosts } from './hosts.js';
import { createRuleMatches } from './matches.js';
import { createPodPolicies } from './policies.js';
import { createPodProfiles } from './profiles.js';
import { type RankedTier, rankTiers } from './ranks.js';
import { asksAccountLabels, entityOf, subjectOf } from './scope.js';
import { createSides } from './sides.js';

type Surroundings = readonly Exclude<CalicoObject, CalicoPolicy>[];

export function createCalico(context: RuleContext): Contributor<CalicoObject> {
  let before: Surroundings = [];
  let world: ReturnType<typeof createWorld> | null = null;
  return objects => {
    const policies: CalicoPolicy[] = [];
    const others: Surroundings[number][] = [];
    for (const object of objects) {
      if (isPolicy(object)) policies.push(object);
      else others.push(object);
    }
    const isSame = others.length === before.length && others.every((object, i) => object === before[i]);
    if (world === null || !isSame) {
      before = others;
      world = createWorld(context, others);
    }
    return world(policies);
  };
}

const isPolicy = (object: CalicoObject): object is CalicoPolicy => 'types' in object;

function createWorld(context: RuleContext, others: Surroundings) {
  const { inventory, selection, sets } = context;
  const endpoints = createEndpoints(inventory, selection, sets, others);
  const matches = createRuleMatches(createSides(context, endpoints));
  const ofPolicy = createPodPolicies(endpoints, matches, sets);
  const hostsOf = createHosts(context, endpoints, matches);
  const hosts = others.filter((it): it is HostEndpoint => it.kind === 'HostEndpoint');
  const profiles = new Map(
    others.filter((it): it is CalicoProfile => it.kind === 'Profile').map(it => [it.name, it] as const),
  );
  const tiers = rankTiers(others.filter((it): it is Tier => it.kind === 'Tier'));
  const missing = missingAccounts(inventory);
  const fixed = createPodProfiles(context, endpoints.all, matches)(profiles);
  return (policies: readonly CalicoPolicy[]) => {
    const contributions: Contribution[] = [];
    for (const policy of policies) contributions.push(...ofPolicy(policy, tiers.get(policy.tier)));
    const ofHosts = hostsOf(hosts, policies, profiles, tiers);
    contributions.push(...ofHosts.contributions, ...fixed);
    return { contributions, problems: [...problemsOf(policies, tiers, missing, context), ...ofHosts.problems] };
  };
}

function problemsOf(
  policies: readonly CalicoPolicy[],
  tiers: ReadonlyMap<string, RankedTier>,
  missing: readonly string[],
  { inventory }: RuleContext,
): Problem[] {
  const problems: Problem[] = [];
  const warn = (found: readonly CalicoPolicy[], message: string, hint: string): void => {
    const [one] = found;
    if (one === undefined) return;
    const rest = found.length === 1 ? '' : ` and ${found.length - 1} more`;
    const named = `${one.kind} ${objectName(one)}${rest}`;
    problems.push({ severity: 'warning', position: one.position, message: `${named}: ${message}`, hint });
  };
  for (const name of new Set(policies.map(({ tier }) => tier))) {
    if (tiers.has(name)) continue;
    warn(
      policies.filter(({ tier }) => tier === name),
      `tier ${name} is not given, so where it stands and how it ends is not known: what it selects is undecided`,
      'add kubectl get tiers.projectcalico.org -o yaml to the policies',
    );
  }
  // (C10)
  warn(
    policies.filter(it => it.tier === 'default' && it.order === 1000 && [...it.ingress, ...it.egress].some(isExplicit)),
    'order 1000 is where NetworkPolicies stand, and which of them is asked first depends on their names',
    'give it another order, so that it stands before or behind them whatever they are called',
  );
  // (C16)
  if (missing.length > 0) {
    const which = missing.length === 1 ? `service account ${missing[0]} is` : `${missing.length} service accounts are`;
    warn(
      policies.filter(asksAccounts),
      `it asks for labels of service accounts, and ${which} not given: taken as without labels`,
      'add kubectl get serviceaccounts -A -o yaml to the cluster input',
    );
  }
  // (C23)
  const services = new Set(inventory.services.map(it => `${it.namespace}/${it.name}`));
  for (const policy of policies) {
    for (const { source, destination, position } of [...policy.ingress, ...policy.egress]) {
      for (const { services: given } of [source, destination]) {
        if (given === null || services.has(`${given.namespace}/${given.name}`)) continue;
        const message = `Service ${given.namespace}/${given.name} is not given: what the rule could match is undecided`;
        problems.push({ severity: 'warning', position, message, hint: 'add it to the cluster input' });
      }
    }
  }
  return problems;
}

/** Service accounts of pods, without their object. */
function missingAccounts({ pods, serviceAccounts }: Inventory): string[] {
  const names = new Set(pods.filter(pod => !pod.hostNetwork).map(pod => `${pod.namespace}/${pod.serviceAccount}`));
  return [...names].filter(name => !serviceAccounts.has(name));
}

const isExplicit = ({ action }: CalicoPolicy['ingress'][number]): boolean => action === 'Deny' || action === 'Pass';

const asking = new WeakMap<CalicoPolicy, boolean>();

function asksAccounts(policy: CalicoPolicy): boolean {
  const known = asking.get(policy) ?? findAccounts(policy);
  asking.set(policy, known);
  return known;
}

function findAccounts(policy: CalicoPolicy): boolean {
  if (policy.serviceAccountSelector !== null) return true;
  if (asksAccountLabels(subjectOf(policy))) return true;
  return [...policy.ingress, ...policy.egress].some(({ source, destination }) =>
    [source, destination].some(side => {
      if (side.serviceAccounts === null && side.selector === null) return false;
      const expression = entityOf(side, policy.namespace);
      return expression !== null && asksAccountLabels(expression);
    }),
  );
}
