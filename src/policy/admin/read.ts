/**
 * One document of policy.networking.k8s.io -> the model of model.ts.
 *
 * In:  a document.  Out: the policy, or null where a finding is an error. Decoding first (fields.ts), then what the CRDs'
 * schemas and rules ask, in the API server's terms. Numbers (A..) are facts of docs/dialects/admin.md.
 */
import type { KubernetesDocument, Path, Problem } from '../../documents/document.js';
import { byPosition, Findings } from '../../documents/findings.js';
import { checkItems, checkRange, readEnum, withoutEchoes } from '../crd.js';
import type { DialectKind } from '../dialects.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { decode, type Schema } from '../kubernetes/schema.js';
import {
  ACTIONS,
  ADMIN_NETWORK_POLICY,
  BASELINE_ADMIN_NETWORK_POLICY,
  CLUSTER_NETWORK_POLICY,
  TIERS,
} from './fields.js';
import type { AdminKind, AdminPeer, AdminPolicy, AdminPort, AdminRule } from './model.js';
import { type DecodedPeer, type DecodedPods, readPeer, readSubject } from './peers.js';
import { type DecodedPort, readOlderPort, readProtocol } from './ports.js';

interface DecodedRule {
  readonly name?: string;
  readonly action?: string;
  readonly from?: readonly (DecodedPeer | null | undefined)[];
  readonly to?: readonly (DecodedPeer | null | undefined)[];
  readonly protocols?: readonly (DecodedPort | null | undefined)[];
  readonly ports?: readonly (DecodedPort | null | undefined)[];
}

interface DecodedSpec {
  readonly tier?: string;
  readonly priority?: number;
  readonly subject?: DecodedPods;
  readonly ingress?: readonly (DecodedRule | null | undefined)[];
  readonly egress?: readonly (DecodedRule | null | undefined)[];
}

/** What one kind asks. */
interface Terms {
  readonly kind: AdminKind;
  readonly schema: Schema;
  readonly actions: Readonly<Record<string, AdminRule['action']>>;
  readonly portsField: 'protocols' | 'ports';
  /** (A16) Entries at most: of rules, and of lists in a rule. */
  readonly mostRules: number;
  readonly mostEntries: number;
}

const TERMS: readonly Terms[] = [
  {
    kind: 'ClusterNetworkPolicy',
    schema: CLUSTER_NETWORK_POLICY,
    actions: ACTIONS.ClusterNetworkPolicy,
    portsField: 'protocols',
    mostRules: 25,
    mostEntries: 25,
  },
  {
    kind: 'AdminNetworkPolicy',
    schema: ADMIN_NETWORK_POLICY,
    actions: ACTIONS.AdminNetworkPolicy,
    portsField: 'ports',
    mostRules: 100,
    mostEntries: 100,
  },
  {
    kind: 'BaselineAdminNetworkPolicy',
    schema: BASELINE_ADMIN_NETWORK_POLICY,
    actions: ACTIONS.BaselineAdminNetworkPolicy,
    portsField: 'ports',
    mostRules: 100,
    mostEntries: 100,
  },
];

const MOST_PRIORITY = 1000;
const LONGEST_NAME = 100;

export const ADMIN_KINDS: readonly DialectKind<AdminPolicy>[] = TERMS.map(terms => ({
  dialect: 'admin',
  group: 'policy.networking.k8s.io',
  versions: terms.kind === 'ClusterNetworkPolicy' ? ['v1alpha2', 'v1beta1'] : ['v1alpha1'],
  kind: terms.kind,
  schema: terms.schema,
  isNamespaced: false,
  read: (document, problems) => read(document, terms, problems),
}));

function read(document: KubernetesDocument, terms: Terms, problems: Problem[]): AdminPolicy | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const { kind } = terms;
  const decoded = decode(terms.schema, document.object, [], findings) as {
    readonly metadata?: DecodedMetadata;
    readonly spec?: DecodedSpec;
  };
  const { name } = readMetadata(decoded.metadata ?? {}, findings);
  // (A2)
  if (kind === 'BaselineAdminNetworkPolicy' && name !== '' && name !== 'default') {
    const rule = 'Only one baseline admin network policy with metadata.name="default" can be created in the cluster';
    findings.error(['metadata', 'name'], `Invalid value: ${rule}`, 'name it default');
  }
  if (decoded.spec === undefined) findings.error(['spec'], 'Required value');
  const spec = decoded.spec ?? {};
  const tier = readTier(kind, spec, findings);
  const priority = kind === 'BaselineAdminNetworkPolicy' ? null : readPriority(spec, findings);
  const subject = decoded.spec === undefined ? null : readSubject(spec.subject, kind, ['spec', 'subject'], findings);
  const ingress = readRules('ingress', spec.ingress ?? [], terms, findings);
  const egress = readRules('egress', spec.egress ?? [], terms, findings);
  problems.push(...withoutEchoes(own.sort(byPosition)));
  if (subject === null || tier === null || own.some(({ severity }) => severity === 'error')) return null;
  return {
    kind,
    namespace: '',
    name,
    position: document.position,
    declares: [...ingress, ...egress].map(({ rule, position }) => ({ rule, position })),
    tier,
    priority,
    subject,
    ingress,
    egress,
  };
}

function readTier(kind: AdminKind, spec: DecodedSpec, findings: Findings): AdminPolicy['tier'] | null {
  if (kind !== 'ClusterNetworkPolicy') return kind === 'AdminNetworkPolicy' ? 'Admin' : 'Baseline';
  return readEnum(spec.tier, TIERS, ['spec', 'tier'], findings);
}

function readPriority({ priority }: DecodedSpec, findings: Findings): number {
  const path = ['spec', 'priority'];
  if (priority === undefined) findings.error(path, 'Required value', 'a number from 0, the first, to 1000');
  else checkRange(priority, 0, MOST_PRIORITY, path, findings);
  return priority ?? 0;
}

function readRules(
  direction: 'ingress' | 'egress',
  given: readonly (DecodedRule | null | undefined)[],
  terms: Terms,
  findings: Findings,
): AdminRule[] {
  const path = ['spec', direction];
  checkItems(given.length, 0, terms.mostRules, path, findings);
  const rules: AdminRule[] = [];
  given.forEach((rule, i) => {
    if (rule === undefined) return;
    const read = readRule(direction, rule ?? {}, i, terms, [...path, i], findings);
    if (read !== null) rules.push(read);
  });
  return rules;
}

const PEER_FIELDS = {
  from: ['namespaces', 'pods'],
  to: ['namespaces', 'pods', 'nodes', 'networks', 'domainNames'],
} as const;

function readRule(
  direction: 'ingress' | 'egress',
  given: DecodedRule,
  index: number,
  terms: Terms,
  path: Path,
  findings: Findings,
): AdminRule | null {
  const { kind, portsField, mostEntries } = terms;
  const side = direction === 'ingress' ? 'from' : 'to';
  const name = given.name ?? '';
  if ([...name].length > LONGEST_NAME) {
    findings.error([...path, 'name'], `Too long: may not be more than ${LONGEST_NAME} bytes`);
  }
  const action = readEnum(given.action, Object.keys(terms.actions), [...path, 'action'], findings);
  const peers = readPeers(given[side], side, terms, [...path, side], findings);
  const portsPath = [...path, portsField];
  const givenPorts = given[portsField];
  // (A9): absent is everything; the older API takes an empty list for absent.
  if (givenPorts !== undefined && (kind === 'ClusterNetworkPolicy' || givenPorts.length > 0)) {
    checkItems(givenPorts.length, 1, mostEntries, portsPath, findings);
  }
  const readPort = portsField === 'protocols' ? readProtocol : readOlderPort;
  const ports = (givenPorts ?? []).map((port, j): AdminPort | null => {
    const at = [...portsPath, j];
    return port === undefined ? null : readPort(port ?? {}, valueAt(findings.document, at), at, findings);
  });
  // (A11)
  const unnamed = peers.find(peer => peer.kind === 'networks' || peer.kind === 'nodes' || peer.kind === 'domainNames');
  if (unnamed !== undefined && ports.some(port => port?.kind === 'name')) {
    const rule =
      'networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames';
    findings.error(path, `Invalid value: "object": ${rule}`, 'write the number, or a rule of its own');
  }
  if (action === null) return null;
  return {
    rule: `${direction}[${index}]${name === '' ? '' : ` ${name}`}`,
    action: terms.actions[action]!,
    peers,
    ports: ports.length === 0 ? null : ports.filter(port => port !== null),
    position: findings.document.at(path),
  };
}

function readPeers(
  given: readonly (DecodedPeer | null | undefined)[] | undefined,
  side: 'from' | 'to',
  { kind, mostEntries }: Terms,
  path: Path,
  findings: Findings,
): AdminPeer[] {
  if (given === undefined) {
    findings.error(path, 'Required value', 'every pod is namespaces: {}, every address networks: [0.0.0.0/0, "::/0"]');
    return [];
  }
  checkItems(given.length, 1, mostEntries, path, findings);
  const peers = given.map((peer, j): AdminPeer | null => {
    const at = [...path, j];
    if (peer === undefined) return null;
    const value = valueAt(findings.document, at);
    const hasUnknown =
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).some(field => !(PEER_FIELDS[side] as readonly string[]).includes(field));
    return readPeer(peer ?? {}, hasUnknown, kind, PEER_FIELDS[side], at, findings);
  });
  return peers.filter(peer => peer !== null);
}

/** As it was written, unknown fields included. */
function valueAt({ object }: KubernetesDocument, path: Path): unknown {
  let value: unknown = object;
  for (const step of path) value = (value as Record<string | number, unknown> | undefined)?.[step];
  return value;
}
