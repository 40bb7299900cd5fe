/**
 * The examples are whole: every file is there, every name in an answer exists, and no answer contradicts itself.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Case,
  caseNames,
  EXAMPLES,
  type ExpectedConversation,
  type ExpectedOutcome,
  type ExpectedQuery,
  identity,
  isClusterScoped,
  type KubernetesObject,
  readCase,
} from './cases.js';

const names = caseNames();

/** What the examples are for: a scenario that is lost fails here, not silently. */
const SCENARIOS = [
  'admin-guardrails',
  'antrea-tiers',
  'api-selectors',
  'calico-tiers',
  'cilium-deny-first',
  'cilium-dns-names',
  'cilium-http',
  'cni-differences',
  'cni-support',
  'database-lockdown',
  'debugging',
  'default-deny',
  'dns-and-one-api',
  'external-load-balancer',
  'first-policy',
  'frontend-backend-mysql-redis',
  'interview-questions',
  'istio-mesh',
  'microservices',
  'namespace-isolation',
  'prometheus-everywhere',
  'proxy-only-egress',
  'quote-app',
  'role-db',
  'tenants',
  'three-tier',
  'three-tier-namespaces',
  'two-sentences',
  'zero-trust',
];

const CLUSTER_KINDS: Readonly<Record<string, string>> = {
  Namespace: 'v1',
  Node: 'v1',
  Pod: 'v1',
  Service: 'v1',
  Deployment: 'apps/v1',
  ReplicaSet: 'apps/v1',
  EndpointSlice: 'discovery.k8s.io/v1',
};

const QUERY_KEYS = 'from,to,protocol,port,sourcePort,icmpType,icmpCode,verdict,reason,egress,ingress'.split(',');
const OUTCOME_KEYS = 'isolated,verdict,reason,policy,rule,policies'.split(',');

/** Kinds beside NetworkPolicy: those that decide, and what they stand in or refer to. */
const OTHER_POLICIES = [
  'crd.antrea.io/v1beta1 ClusterNetworkPolicy',
  'crd.antrea.io/v1beta1 NetworkPolicy',
  'cilium.io/v2 CiliumNetworkPolicy',
  'cilium.io/v2 CiliumClusterwideNetworkPolicy',
  'policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy',
  'projectcalico.org/v3 NetworkPolicy',
  'projectcalico.org/v3 GlobalNetworkPolicy',
];
const OTHER_OBJECTS = [
  'security.istio.io/v1 AuthorizationPolicy',
  'crd.antrea.io/v1beta1 Tier',
  'crd.antrea.io/v1beta1 ClusterGroup',
  'projectcalico.org/v3 Tier',
  'projectcalico.org/v3 GlobalNetworkSet',
];
const POLICIES = ['networking.k8s.io/v1 NetworkPolicy', ...OTHER_POLICIES];
/** Kinds that decide about pods without isolating them. */
const WITHOUT_ISOLATION = [
  'crd.antrea.io/v1beta1 ClusterNetworkPolicy',
  'crd.antrea.io/v1beta1 NetworkPolicy',
  'policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy',
];
/** Actions of rules that deny, of whatever kind. */
const DENYING = ['Deny', 'Drop', 'Reject'];
const kindOf = ({ apiVersion, kind }: KubernetesObject): string => `${apiVersion} ${kind}`;

/** Of a rule: but for one that denies. */
const VERDICT_OF: Readonly<Record<string, string>> = {
  'no-policy': 'allowed',
  rule: 'allowed',
  loopback: 'allowed',
  node: 'allowed',
  'default-deny': 'dropped',
  unsupported: 'undecided',
};

interface Spec {
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly addresses?: readonly { readonly address: string }[];
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
  readonly ingress?: readonly unknown[];
  readonly egress?: readonly unknown[];
}
const spec = (object: KubernetesObject): Spec => object['spec'] as Spec;
const status = (object: KubernetesObject): Spec => object['status'] as Spec;
const named = (objects: readonly KubernetesObject[], kind: string): Set<string> =>
  new Set(objects.filter(object => object.kind === kind).map(object => object.metadata.name));

/** A name that must exist in the cluster, or an address. */
function checkEnd(example: Case, end: string): void {
  if (isIP(end) !== 0) return;
  const [namespace, second, third] = end.split('/');
  const found = example.cluster.some(
    object =>
      object.metadata.namespace === namespace &&
      (third === undefined
        ? object.kind === 'Pod' && object.metadata.name === second
        : object.kind === second && object.metadata.name === third),
  );
  expect(found, `${end} is not in cluster.yaml`).toBe(true);
}

function verdictOf(example: Case, { reason, policy, rule }: ExpectedOutcome): string | undefined {
  const own = example.policies.find(object => identity(object) === policy);
  const [, side, index] = /^(egress|ingress)\[(\d+)\]/.exec(rule ?? '') ?? [];
  if (rule?.includes('Deny[')) return 'dropped';
  const given = own && spec(own)?.[side as 'egress' | 'ingress']?.[Number(index)];
  const { action = '' } = (given as { readonly action?: string } | undefined) ?? {};
  return DENYING.includes(action) ? 'dropped' : VERDICT_OF[reason];
}

function checkOutcome(example: Case, outcome: ExpectedOutcome | null, side: 'egress' | 'ingress', where: string): void {
  if (outcome === null) return;
  expect(Object.keys(outcome).filter(key => !OUTCOME_KEYS.includes(key))).toEqual([]);
  const decider = example.policies.find(object => identity(object) === outcome.policy);
  const isDenied = outcome.rule?.includes('Deny[') === true;
  // Not every kind isolates whom it decides about, and a deny need not.
  const isOther = isDenied || (decider !== undefined && WITHOUT_ISOLATION.includes(kindOf(decider)));
  expect(verdictOf(example, outcome), where).toBe(outcome.verdict);
  if (outcome.reason === 'no-policy') expect(outcome.isolated, where).toBe(false);
  if (!isOther && (outcome.reason === 'rule' || outcome.reason === 'default-deny')) {
    expect(outcome.isolated, where).toBe(true);
    expect(outcome.policies?.length, where).toBeGreaterThan(0);
  }
  expect(outcome.policy !== undefined, where).toBe(['rule', 'unsupported'].includes(outcome.reason));
  const isolating = outcome.policies ?? [];
  for (const name of isolating) {
    expect(
      example.policies.some(policy => identity(policy) === name),
      `${where}: ${name}`,
    ).toBe(true);
  }
  if (outcome.policy === undefined) return;
  if (!isOther) expect(isolating, where).toContain(outcome.policy);
  expect(decider, where).toBeDefined();
  const policy = decider!;
  const [, part, section, index] = /^(?:specs\[(\d+)\]\.)?((?:egress|ingress)(?:Deny)?)\[(\d+)\]/.exec(
    outcome.rule ?? '',
  )!;
  expect(section!.replace('Deny', ''), where).toBe(side);
  const own = part === undefined ? spec(policy) : (policy['specs'] as readonly Spec[])[Number(part)]!;
  const rules = own[section as 'ingress'];
  expect(rules?.[Number(index)], `${where}: ${outcome.policy} ${outcome.rule}`).toBeDefined();
}

function checkQuery(example: Case, query: ExpectedQuery): void {
  const where = `${example.name}: ${query.from} -> ${query.to} ${query.protocol} ${query.port ?? query.icmpType}`;
  expect(Object.keys(query).filter(key => !QUERY_KEYS.includes(key))).toEqual([]);
  checkEnd(example, query.from);
  checkEnd(example, query.to);
  const isIcmp = query.protocol === 'ICMP' || query.protocol === 'ICMPv6';
  expect(isIcmp || ['TCP', 'UDP', 'SCTP'].includes(query.protocol), where).toBe(true);
  expect(Number.isInteger(isIcmp ? query.icmpType : query.port), where).toBe(true);
  expect(query.port === undefined, where).toBe(isIcmp);
  checkOutcome(example, query.egress, 'egress', where);
  checkOutcome(example, query.ingress, 'ingress', where);
  // Both sides must allow; the stronger word is the whole's reason.
  const reasons = [query.egress, query.ingress]
    .filter(side => query.verdict !== 'dropped' || side?.verdict === 'dropped')
    .map(side => side?.reason);
  const strongest = ['default-deny', 'unsupported', 'loopback', 'node', 'rule', 'no-policy'].find(reason =>
    reasons.includes(reason),
  );
  expect(query.reason, where).toBe(strongest);
  const isDropped = [query.egress, query.ingress].some(side => side?.verdict === 'dropped');
  expect(query.verdict, where).toBe(isDropped ? 'dropped' : VERDICT_OF[query.reason]);
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** Pods and nodes by name, whichever way a query named them; what nobody owns stays an address. */
function owners(example: Case): (end: string) => string {
  const names = new Map<string, string>();
  for (const object of example.cluster) {
    if (object.kind === 'Pod' && spec(object).hostNetwork !== true) {
      for (const { ip } of status(object).podIPs!) names.set(ip, identity(object));
    }
    if (object.kind === 'Node') {
      for (const { address } of status(object).addresses!) names.set(address, `node/${object.metadata.name}`);
    }
  }
  return end => names.get(end) ?? end;
}

/** A conversation of the capture is one of the queries; through a service, one that the service's backend answers. */
function checkConversation(example: Case, conversation: ExpectedConversation): void {
  const where = `${example.name}: ${conversation.from} -> ${conversation.to} ${conversation.protocol} ${conversation.port}`;
  const owner = owners(example);
  const same = example.expected.queries.filter(query => {
    const isService = query.to.startsWith('10.96.');
    if (isService !== (conversation.views !== undefined) && isService) return false;
    const sameEnd = isService || (owner(query.to) === conversation.to && query.port === conversation.port);
    return owner(query.from) === conversation.from && sameEnd && query.protocol === conversation.protocol;
  });
  const answers = same.filter(query => query.sourcePort === undefined);
  expect(answers.length, where).toBeGreaterThan(0);
  const refusing = (['egress', 'ingress'] as const).filter(side => answers[0]![side]?.verdict === 'dropped');
  // What a query leaves undecided for want of the capture, the capture may decide.
  const decided = answers.filter(query => query.verdict !== 'undecided');
  for (const query of decided.filter(query => owner(query.to) === conversation.to)) {
    expect([query.verdict, query.reason], where).toEqual([conversation.verdict, conversation.reason]);
    expect(list(conversation.side), where).toEqual(refusing);
  }
  for (const policy of list(conversation.policy)) expect(example.policies.map(identity), where).toContain(policy);
  expect(conversation.connections, where).toBeGreaterThan(0);
}

describe('the examples', () => {
  it('are all there, and in the table of their README', () => {
    expect(names).toEqual(SCENARIOS);
    const table = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
    const linked = [...table.matchAll(/^\| \[([a-z-]+)\]\(\1\) \|/gm)].map(match => match[1]!);
    expect(linked.sort()).toEqual(names);
  });

  it('hold an answer of every reason a new connection can have, IPv6, ICMP, SCTP and workloads among them', () => {
    const queries = names.flatMap(name => readCase(name).expected.queries);
    expect(queries.length).toBeGreaterThan(400);
    expect(new Set(queries.map(query => query.reason))).toEqual(new Set(Object.keys(VERDICT_OF)));
    expect(new Set(queries.map(query => query.protocol))).toEqual(new Set(['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6']));
    expect(queries.some(query => isIP(query.from) === 6 && query.verdict === 'dropped')).toBe(true);
    expect(queries.some(query => query.from.split('/').length === 3)).toBe(true);
    expect(queries.some(query => query.sourcePort !== undefined)).toBe(true);
  });
});

const HEADINGS = ['Who may talk to whom', 'What the policies say', 'Pitfalls', 'Run it'];

describe.each(names)('%s', name => {
  const example = readCase(name);
  const answers = example.expected.queries.map(({ verdict }) => verdict);
  // Only an example that policap warns of may leave a question open.
  const isWarned = example.expected.warnings !== undefined;
  const verdicts = new Set(['allowed', 'dropped', ...answers.filter(verdict => isWarned && verdict === 'undecided')]);

  it('explains itself', () => {
    const readme = readFileSync(join(example.folder, 'README.md'), 'utf8');
    const headings = [...readme.matchAll(/^## (.*)$/gm)].map(match => match[1]);
    for (const heading of HEADINGS) expect(headings).toContain(heading);
    const table = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
    const question = readme.split('\n')[2]!;
    expect(question).toMatch(/\?$/);
    if (name !== 'two-sentences') expect(table).toContain(`| [${name}](${name}) | ${question} |`);
  });

  it('shows commands that name its own files and questions it answers', () => {
    const readme = readFileSync(join(example.folder, 'README.md'), 'utf8');
    const commands = readme.split('\n').filter(line => line.startsWith('bin/policap '));
    expect(commands.length).toBeGreaterThan(1);
    for (const command of commands) {
      for (const [, path] of command.matchAll(/ (examples\/\S+)/g)) {
        expect(path!.startsWith(`examples/${name}/`), command).toBe(true);
        expect(existsSync(join(EXAMPLES, '..', path!)), command).toBe(true);
      }
      const option = (key: string): string | undefined => new RegExp(` --${key} (\\S+)`).exec(command)?.[1];
      if (option('from') === undefined) continue;
      const asked = [option('from'), option('to'), Number(option('port')), option('protocol') ?? 'TCP'];
      const answered = example.expected.queries.map(({ from, to, port, protocol }) => [from, to, port, protocol]);
      expect(answered, command).toContainEqual(asked);
    }
  });

  it('has policies of namespaces that exist', () => {
    expect(example.policies.length).toBeGreaterThan(0);
    const namespaces = named(example.cluster, 'Namespace');
    for (const policy of example.policies) {
      expect([...POLICIES, ...OTHER_OBJECTS]).toContain(kindOf(policy));
      if (!isClusterScoped(policy)) expect(namespaces).toContain(policy.metadata.namespace ?? 'default');
    }
    expect(new Set(example.policies.map(identity)).size).toBe(example.policies.length);
  });

  it('has a cluster in which every name and address has its place', () => {
    const namespaces = named(example.cluster, 'Namespace');
    const nodes = named(example.cluster, 'Node');
    const addresses: string[] = [];
    for (const object of example.cluster) {
      expect(CLUSTER_KINDS[object.kind], object.kind).toBe(object.apiVersion);
      if (object.metadata.namespace !== undefined) expect(namespaces).toContain(object.metadata.namespace);
      if (object.kind !== 'Pod') continue;
      expect(nodes).toContain(spec(object).nodeName);
      if (spec(object).hostNetwork === true) continue;
      for (const { ip } of status(object).podIPs!) {
        const index = spec(object).nodeName!.replace('node-', '');
        expect(ip.startsWith(`10.244.${index}.`) || ip.startsWith(`fd00:10:244:${index}::`), ip).toBe(true);
        addresses.push(ip);
      }
    }
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(addresses.length > 2 || example.cluster.some(object => object.kind === 'Deployment')).toBe(true);
  });

  it('has answers that do not contradict themselves', () => {
    const { queries, unenforced = [] } = example.expected;
    expect(queries.length).toBeGreaterThanOrEqual(8);
    for (const query of [...queries, ...unenforced]) checkQuery(example, query);
    expect(new Set(queries.map(query => query.verdict))).toEqual(verdicts);
    expect(unenforced.every(query => query.reason === 'no-policy')).toBe(true);
  });

  it('has a small capture whose conversations are its queries', () => {
    const withoutAddresses = !example.cluster.some(object => object.kind === 'Pod');
    expect(example.capture === null).toBe(withoutAddresses);
    if (example.capture === null) return;
    expect(existsSync(join(example.folder, 'play.yaml'))).toBe(true);
    expect(statSync(example.capture).size).toBeLessThan(100_000);
    const { conversations = [], packets } = example.expected;
    expect(packets?.total).toBeGreaterThan(50);
    expect(conversations.length).toBeGreaterThanOrEqual(8);
    for (const conversation of conversations) checkConversation(example, conversation);
    // A connection whose requests are judged is open.
    const seen = example.expected['requests'] === undefined ? verdicts : new Set(['allowed', 'dropped']);
    expect(new Set(conversations.map(({ verdict }) => verdict))).toEqual(seen);
  });

  it('asks about every policy but one that selects nothing', () => {
    const asked = new Set(
      example.expected.queries.flatMap(query => [
        ...(query.egress?.policies ?? []),
        ...(query.ingress?.policies ?? []),
        ...[query.egress?.policy, query.ingress?.policy].filter(policy => policy !== undefined),
      ]),
    );
    const decide = example.policies.filter(policy => POLICIES.includes(kindOf(policy)));
    const unasked = decide.map(identity).filter(policy => !asked.has(policy));
    expect(unasked).toEqual(name === 'debugging' ? ['shop/db-from-report'] : []);
  });
});
