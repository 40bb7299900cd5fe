/**
 * Policies -> what `kubectl apply` takes: YAML with comments, or a List (cold).
 *
 * In:  policies, and lines that stand before them.  Out: text. The same policies give the same text.
 */
import type { Selector } from '../cluster/selector.js';
import type { RulePeer, SuggestedPolicy, SuggestedRule } from './policy.js';

/** A NetworkPolicy as the API has it. */
export function policyObject({ namespace, name, selector, types, ingress, egress }: SuggestedPolicy): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: {
      podSelector: selectorObject(selector),
      policyTypes: types,
      ...(types.includes('Ingress') && { ingress: ingress.map(rule => ruleObject(rule, 'from')) }),
      ...(types.includes('Egress') && { egress: egress.map(rule => ruleObject(rule, 'to')) }),
    },
  };
}

export const policiesJson = (policies: readonly SuggestedPolicy[]): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: policies.map(policyObject) }, null, 2)}\n`;

export function policiesYaml(policies: readonly SuggestedPolicy[], head: readonly string[]): string {
  const parts = [...(head.length === 0 ? [] : [comment(head, '')]), ...policies.map(policyYaml)];
  return parts.map((part, i) => (i === 0 ? part : `---\n${part}`)).join('');
}

function policyYaml(policy: SuggestedPolicy): string {
  const { workloads, comments, types, ingress, egress, namespace, name, selector } = policy;
  const title = workloads.length === 0 ? `everything else in ${namespace}` : workloads.join(', ');
  const lines = [
    comment([title, ...comments], ''),
    'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n',
    block({ metadata: { name, namespace } }, ''),
    'spec:\n',
    block({ podSelector: selectorObject(selector), policyTypes: types }, '  '),
  ];
  if (types.includes('Ingress')) lines.push(rulesYaml('ingress', 'from', ingress, policy));
  if (types.includes('Egress')) lines.push(rulesYaml('egress', 'to', egress, policy));
  return lines.join('');
}

function rulesYaml(
  key: string,
  side: 'from' | 'to',
  rules: readonly SuggestedRule[],
  { workloads, isAddition }: SuggestedPolicy,
): string {
  if (rules.length === 0) {
    const why = isAddition
      ? 'nothing beside what existing policies allow'
      : `no ${key} was seen that a rule could allow: all of it is denied`;
    return `${workloads.length === 0 ? '' : comment([why], '  ')}  ${key}: []\n`;
  }
  const items = rules.map(rule => `${comment(rule.comments, '    ')}${item(ruleObject(rule, side), '    ')}`);
  return `  ${key}:\n${items.join('')}`;
}

const ruleObject = ({ peers, ports }: SuggestedRule, side: 'from' | 'to'): object => ({
  [side]: peers.map(peerObject),
  ports: ports.map(({ protocol, port, endPort }) => ({ protocol, port, ...(endPort !== undefined && { endPort }) })),
});

function peerObject(peer: RulePeer): object {
  if (peer.kind === 'block') return { ipBlock: { cidr: peer.cidr } };
  if (peer.kind === 'everybody') return { namespaceSelector: {} };
  const { namespace, selector } = peer;
  return {
    ...(namespace !== null && { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }),
    ...(selector !== null && { podSelector: selectorObject(selector) }),
  };
}

const selectorObject = ({ matchLabels, matchExpressions }: Selector): object => ({
  ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
  ...(matchExpressions.length > 0 && {
    matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
      key,
      operator,
      ...(values.length > 0 && { values }),
    })),
  }),
});

/** What stands in documents may hold line ends; a comment may not. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]/gu;

const comment = (lines: readonly string[], indent: string): string =>
  lines.map(line => `${`${indent}# ${line.replace(UNPRINTABLE, ' ')}`.trimEnd()}\n`).join('');

/** Plain objects, lists, strings and numbers in block style. */
function block(value: object, indent: string): string {
  return Object.entries(value)
    .map(([key, inner]: [string, unknown]) => {
      if (inner === null || typeof inner !== 'object')
        return `${indent}${scalar(key)}: ${scalar(inner as string | number)}\n`;
      if (Array.isArray(inner)) {
        if (inner.length === 0) return `${indent}${scalar(key)}: []\n`;
        return `${indent}${scalar(key)}:\n${inner.map(each => item(each, `${indent}  `)).join('')}`;
      }
      if (Object.keys(inner).length === 0) return `${indent}${scalar(key)}: {}\n`;
      return `${indent}${scalar(key)}:\n${block(inner, `${indent}  `)}`;
    })
    .join('');
}

function item(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return `${indent}- ${scalar(value as string | number)}\n`;
  const lines = block(value, `${indent}  `);
  return `${indent}- ${lines.slice(indent.length + 2)}`;
}

/** What YAML 1.1 and 1.2 both read as a string without quotes: it begins with a letter, and is no word that means something else; and blocks of IPv4. */
const PLAIN = /^(?:[A-Za-z][A-Za-z0-9_./-]*|\d+(?:\.\d+){3}\/\d+)$/;
const WORDS = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

function scalar(value: string | number): string {
  if (typeof value === 'number') return `${value}`;
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value);
}
