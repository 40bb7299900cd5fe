/**
 * Policies of Cilium as written, in a cluster as kubectl prints it, asked about one packet at a time by both engines.
 */
import { expect } from 'vitest';
import { type Compiled, compile } from '../../../src/compile.js';
import { formatPosition } from '../../../src/documents/document.js';
import { readDocuments } from '../../../src/documents/read.js';
import type { ProfileName } from '../../../src/profile/profile.js';
import { createLinear } from '../../../src/tree/linear.js';
import { codeOf } from '../../../src/verdict/outcome.js';
import { reasonOf, verdictOf } from '../../../src/verdict/verdict.js';
import { classify, describeOutcome, type PacketLiteral } from '../../tree/packets.js';

export interface PodText {
  readonly at: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ips?: readonly string[];
  readonly node?: string;
  readonly account?: string;
  readonly ports?: readonly { name?: string; containerPort: number; protocol?: string }[];
  readonly hostNetwork?: boolean;
}

export const pod = ({ at, labels = {}, ips = [], node, account, ports = [], hostNetwork }: PodText): object => {
  const [namespace, name] = at.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: {
      nodeName: node,
      hostNetwork,
      serviceAccountName: account,
      containers: [{ name: 'c', image: 'i', ports }],
    },
    status: { phase: 'Running', podIPs: ips.map(ip => ({ ip })), podIP: ips[0] },
  };
};

export const node = (
  name: string,
  ips: readonly string[],
  labels: Readonly<Record<string, string>> = {},
  podCIDRs: readonly string[] = [],
): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  spec: { podCIDRs },
  status: { addresses: ips.map(address => ({ type: 'InternalIP', address })) },
});

export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

/** Selector null: with an EndpointSlice of these addresses. */
export const service = (
  at: string,
  selector: Readonly<Record<string, string>> | null,
  ips: readonly string[] = [],
  labels: Readonly<Record<string, string>> = {},
): object[] => {
  const [ns, name] = at.split('/');
  const ports = [{ name: 'p', port: 443, protocol: 'TCP', targetPort: 6443 }];
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: ns, name, labels },
    spec: { ports, ...(selector && { selector }) },
  };
  if (ips.length === 0) return [object];
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: ns, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'p', port: 6443, protocol: 'TCP' }],
    endpoints: [{ addresses: ips, conditions: { ready: true } }],
  };
  return [object, slice];
};

export function compiled(policies: string, objects: readonly object[], profile: ProfileName = 'cilium'): Compiled {
  const own = readDocuments(policies, 'p.yaml');
  const cluster = readDocuments(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'c.json');
  expect([...own.problems, ...cluster.problems]).toEqual([]);
  const { compiled: done, problems } = compile([...own.documents, ...cluster.documents], { profile });
  if (done === null) throw new Error(problems.map(it => `${formatPosition(it.position)} ${it.message}`).join('\n'));
  return done;
}

export interface Answer {
  readonly egress: string;
  readonly ingress: string;
}

/** `allowed rule shop/web ingress[0]`, `dropped default-deny`, `undecided unsupported shop/web egress[1]`; `-`: no side. */
export function asker({ ruleset, inventory, classifier }: Compiled): (packet: PacketLiteral) => Answer {
  const linear = createLinear(ruleset, inventory);
  const say = (outcome: number): string => {
    if (describeOutcome(linear, outcome) === 'none') return '-';
    const code = codeOf(outcome, ruleset.rules);
    const rule = outcome < 0 ? '' : ` ${ruleset.rules[outcome]!.origin.policy} ${ruleset.rules[outcome]!.origin.rule}`;
    return `${verdictOf(code)} ${reasonOf(code)}${rule}`;
  };
  return packet => {
    const outcomes = classify(linear, packet);
    expect(classify(classifier, packet), JSON.stringify(packet)).toEqual(outcomes);
    return { egress: say(outcomes[0]), ingress: say(outcomes[1]) };
  };
}

export const TCP = 6;
export const UDP = 17;
export const to = (source: string, destination: string, dport = 80, protocol = TCP): PacketLiteral => ({
  source,
  destination,
  protocol,
  sport: 40000,
  dport,
});
export const ping = (
  source: string,
  destination: string,
  icmpType = source.includes(':') ? 128 : 8,
): PacketLiteral => ({
  source,
  destination,
  protocol: source.includes(':') ? 58 : 1,
  icmpType,
});
