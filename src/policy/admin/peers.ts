/**
 * Subjects and peers of administrators' policies: decoded -> validated. Numbers (A..) are facts of docs/dialects/admin.md.
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { checkItems, checkOneField } from '../crd.js';
import { readCidr } from '../kubernetes/peers.js';
import { type DecodedSelector, readSelector } from '../kubernetes/selectors.js';
import type { AdminKind, AdminPeer, SelectedPods } from './model.js';

interface DecodedNamespaces extends DecodedSelector {
  readonly namespaceSelector?: unknown;
  readonly sameLabels?: unknown;
  readonly notSameLabels?: unknown;
}

export interface DecodedPods {
  readonly namespaces?: DecodedNamespaces;
  readonly pods?: {
    readonly namespaceSelector?: DecodedSelector;
    readonly podSelector?: DecodedSelector;
    readonly namespaces?: unknown;
  };
}

export interface DecodedPeer extends DecodedPods {
  readonly nodes?: DecodedSelector;
  readonly networks?: readonly (string | null | undefined)[];
  readonly domainNames?: readonly (string | null | undefined)[];
}

const EVERY = { matchLabels: {}, matchExpressions: [] };
const MOST_PREFIXES = 25;
const DOMAIN_NAME = /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

/** (A3) @returns null where a finding says why */
export function readSubject(
  given: DecodedPods | undefined,
  kind: AdminKind,
  path: Path,
  findings: Findings,
): SelectedPods | null {
  if (given === undefined) {
    findings.error(path, 'Required value', 'every pod is subject: {namespaces: {}}');
    return null;
  }
  const set = (given.namespaces === undefined ? 0 : 1) + (given.pods === undefined ? 0 : 1);
  if (!checkOneField(['namespaces', 'pods'], set, path, findings)) return null;
  return readPods(given, kind, path, findings);
}

function readPods(given: DecodedPods, kind: AdminKind, path: Path, findings: Findings): SelectedPods | null {
  if (given.namespaces !== undefined) {
    const at = [...path, 'namespaces'];
    if (isOlder(given.namespaces, at, findings)) return null;
    return { namespaceSelector: readSelector(given.namespaces, at, findings), podSelector: EVERY };
  }
  const { namespaceSelector, podSelector, namespaces } = given.pods!;
  const at = [...path, 'pods'];
  if (namespaces !== undefined) {
    const message = 'is of network-policy-api v0.1.1: today the namespaces of a selection of pods are a label selector';
    findings.error([...at, 'namespaces'], message, 'write pods: {namespaceSelector: {...}, podSelector: {...}}');
    return null;
  }
  const missing = [
    ...(podSelector === undefined ? ['podSelector'] : []),
    // Required in the older API; the newer one takes every namespace.
    ...(namespaceSelector === undefined && kind !== 'ClusterNetworkPolicy' ? ['namespaceSelector'] : []),
  ];
  for (const field of missing) findings.error([...at, field], 'Required value', `${field}: {} means all of them`);
  if (missing.length > 0) return null;
  return {
    namespaceSelector: readSelector(namespaceSelector, [...at, 'namespaceSelector'], findings),
    podSelector: readSelector(podSelector, [...at, 'podSelector'], findings),
  };
}

/** (A15) */
function isOlder(given: DecodedNamespaces, path: Path, findings: Findings): boolean {
  const older = (['namespaceSelector', 'sameLabels', 'notSameLabels'] as const).filter(
    field => given[field] !== undefined,
  );
  for (const field of older) {
    findings.error(
      [...path, field],
      'is of network-policy-api v0.1.1: today `namespaces` is itself a label selector',
      field === 'namespaceSelector'
        ? 'write namespaces: {matchLabels: {...}}, what stands under namespaceSelector now'
        : 'today no policy compares the labels of two namespaces: write one policy for each value, or give the namespaces a label to select',
    );
  }
  return older.length > 0;
}

/** @returns null where the peer says nothing usable; then a finding says why */
export function readPeer(
  given: DecodedPeer,
  hasUnknown: boolean,
  kind: AdminKind,
  fields: readonly string[],
  path: Path,
  findings: Findings,
): AdminPeer | null {
  const { namespaces, pods, nodes, networks, domainNames } = given;
  const set = [namespaces, pods, nodes, networks, domainNames].filter(it => it !== undefined).length;
  // (A12): the field's own finding has said so.
  if (set === 0 && hasUnknown) return { kind: 'unknown' };
  if (!checkOneField(fields, set, path, findings)) return null;
  if (nodes !== undefined) return { kind: 'nodes', selector: readSelector(nodes, [...path, 'nodes'], findings) };
  if (networks !== undefined) {
    const at = [...path, 'networks'];
    checkItems(networks.length, 1, MOST_PREFIXES, at, findings);
    const cidrs = networks.map((cidr, i) => (cidr === undefined ? null : readCidr(cidr ?? '', [...at, i], findings)));
    return { kind: 'networks', cidrs: cidrs.filter(cidr => cidr !== null).map(cidr => cidr.text) };
  }
  if (domainNames !== undefined) {
    const at = [...path, 'domainNames'];
    if (kind === 'BaselineAdminNetworkPolicy') {
      findings.error(at, 'Forbidden: a BaselineAdminNetworkPolicy has no domainNames');
    }
    checkItems(domainNames.length, 1, MOST_PREFIXES, at, findings);
    const names = domainNames.filter(name => name !== undefined).map(name => name ?? '');
    names.forEach((name, i) => {
      if (DOMAIN_NAME.test(name.slice(0, 256))) return;
      const hint = name.includes('*') ? 'a wildcard stands for whole labels, in front: *.example.com' : undefined;
      findings.error([...at, i], `Invalid value: ${shown(name)}: it should match '${DOMAIN_NAME.source}'`, hint);
    });
    return { kind: 'domainNames', names };
  }
  const selected = readPods(given, kind, path, findings);
  return selected === null ? null : { kind: 'pods', ...selected };
}
