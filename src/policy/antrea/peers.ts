/**
 * Subjects and peers of Antrea's policies: decoded -> validated, in the words of its admission webhook where it has them
 * (pkg/controller/networkpolicy/validate.go).
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { readEnum } from '../crd.js';
import { readBlock as readKubernetesBlock } from '../kubernetes/peers.js';
import { type DecodedSelector, readSelector } from '../kubernetes/selectors.js';
import type { LabelSelector } from '../policy.js';
import { MATCHES, SCOPES } from './fields.js';
import type { AntreaPeer, AppliedTo, Block, SelectedPods } from './model.js';

export interface DecodedName {
  readonly name?: string;
  readonly namespace?: string;
}

export interface DecodedBlock {
  readonly cidr?: string;
  readonly except?: readonly (string | null | undefined)[];
}

export interface DecodedSelectors {
  readonly podSelector?: DecodedSelector;
  readonly namespaceSelector?: DecodedSelector;
  readonly externalEntitySelector?: DecodedSelector;
  readonly nodeSelector?: DecodedSelector;
}

export interface DecodedAppliedTo extends DecodedSelectors {
  readonly group?: string;
  readonly serviceAccount?: DecodedName;
  readonly service?: DecodedName;
}

export interface DecodedPeer extends DecodedSelectors {
  readonly ipBlock?: DecodedBlock;
  readonly namespaces?: { readonly match?: string; readonly sameLabels?: readonly (string | null | undefined)[] };
  readonly group?: string;
  readonly fqdn?: string;
  readonly serviceAccount?: DecodedName;
  readonly scope?: string;
}

const FQDN = /^[-0-9a-zA-Z.*]+$/;

const countFields = (given: object): number => Object.values(given).filter(it => it !== undefined).length;

export const readOptional = (
  selector: DecodedSelector | undefined,
  path: Path,
  findings: Findings,
): LabelSelector | null => (selector === undefined ? null : readSelector(selector, path, findings));

export function readPods(given: DecodedSelectors, path: Path, findings: Findings): SelectedPods {
  return {
    kind: 'pods',
    namespaceSelector: readOptional(given.namespaceSelector, [...path, 'namespaceSelector'], findings),
    podSelector: readOptional(given.podSelector, [...path, 'podSelector'], findings),
  };
}

/** (AN8): the same prefixes as a NetworkPolicy's. */
export function readBlock(given: DecodedBlock, path: Path, findings: Findings): Block | null {
  const block = readKubernetesBlock(given, path, findings);
  return block === null ? null : { cidr: block.cidr, except: block.except };
}

function readName(given: DecodedName, path: Path, findings: Findings): { namespace: string; name: string } | null {
  const { name = '', namespace = '' } = given;
  if (name === '') findings.error([...path, 'name'], 'Required value');
  if (namespace === '') findings.error([...path, 'namespace'], 'Required value');
  return name === '' || namespace === '' ? null : { namespace, name };
}

/** @param alone what stands alone, if anything does */
function checkAlone(given: object, alone: string | null, where: string, path: Path, findings: Findings): boolean {
  if (alone === null || countFields(given) <= 1) return true;
  const hint = 'make it an entry of its own: begin it with "- "';
  findings.error(path, `${alone} cannot be set with other peers in ${where}`, hint);
  return false;
}

/** @returns null where a finding says why */
export function readAppliedTo(
  given: DecodedAppliedTo,
  isNamespaced: boolean,
  path: Path,
  findings: Findings,
): AppliedTo | null {
  const { group, serviceAccount, service, nodeSelector, externalEntitySelector, podSelector, namespaceSelector } =
    given;
  const alone = (['group', 'serviceAccount', 'service', 'nodeSelector'] as const).find(it => given[it] !== undefined);
  if (!checkAlone(given, alone ?? null, 'appliedTo', path, findings)) return null;
  if (isNamespaced) {
    const forbidden = (['namespaceSelector', 'nodeSelector', 'service'] as const).filter(it => given[it] !== undefined);
    for (const field of forbidden) {
      findings.error(
        [...path, field],
        'Forbidden: a NetworkPolicy applies to pods of its own namespace',
        'write a ClusterNetworkPolicy',
      );
    }
    if (forbidden.length > 0) return null;
  }
  if (group !== undefined) return { kind: 'group', name: group };
  if (serviceAccount !== undefined) {
    const named = readName(serviceAccount, [...path, 'serviceAccount'], findings);
    return named === null ? null : { kind: 'serviceAccount', ...named };
  }
  if (service !== undefined) {
    const named = readName(service, [...path, 'service'], findings);
    return named === null ? null : { kind: 'service', ...named };
  }
  if (nodeSelector !== undefined) {
    return { kind: 'nodes', selector: readSelector(nodeSelector, [...path, 'nodeSelector'], findings) };
  }
  if (externalEntitySelector !== undefined) return { kind: 'externalEntities' };
  if (podSelector === undefined && namespaceSelector === undefined) {
    findings.error(path, 'Required value: it selects nothing', 'podSelector: {} means every pod');
    return null;
  }
  return readPods(given, path, findings);
}

/** Of one entry there may come two peers. */
export function readPeer(given: DecodedPeer, isNamespaced: boolean, path: Path, findings: Findings): AntreaPeer[] {
  const { scope, ...own } = given;
  if (scope !== undefined) readEnum(scope, SCOPES, [...path, 'scope'], findings);
  const peer = readOwn(own, isNamespaced, path, findings);
  if (peer === null) return [];
  return scope === 'ClusterSet' ? [peer, { kind: 'clusterSet' }] : [peer];
}

function readOwn(given: DecodedPeer, isNamespaced: boolean, path: Path, findings: Findings): AntreaPeer | null {
  const { ipBlock, namespaces, group, fqdn, serviceAccount, nodeSelector, externalEntitySelector } = given;
  if (given.namespaceSelector !== undefined && namespaces !== undefined) {
    findings.error(
      path,
      'namespaces and namespaceSelector cannot be set at the same time for a single NetworkPolicyPeer',
    );
    return null;
  }
  const alone = (['ipBlock', 'group', 'fqdn', 'serviceAccount', 'nodeSelector'] as const).find(
    it => given[it] !== undefined,
  );
  if (!checkAlone(given, alone ?? null, 'rules', path, findings)) return null;
  if (ipBlock !== undefined) {
    const block = readBlock(ipBlock, [...path, 'ipBlock'], findings);
    return block === null ? null : { kind: 'block', ...block };
  }
  if (group !== undefined) return { kind: 'group', name: group };
  if (fqdn !== undefined) return readFqdn(fqdn, path, findings);
  if (serviceAccount !== undefined) {
    const named = readName(serviceAccount, [...path, 'serviceAccount'], findings);
    return named === null ? null : { kind: 'serviceAccount', ...named };
  }
  if (nodeSelector !== undefined) {
    return { kind: 'nodes', selector: readSelector(nodeSelector, [...path, 'nodeSelector'], findings) };
  }
  if (externalEntitySelector !== undefined) return { kind: 'externalEntities' };
  if (namespaces !== undefined) return readRelated(given, isNamespaced, path, findings);
  if (given.podSelector === undefined && given.namespaceSelector === undefined) {
    findings.error(
      path,
      'Required value: must specify a peer',
      'podSelector: {} means every pod; leave the list out to mean everybody',
    );
    return null;
  }
  return readPods(given, path, findings);
}

function readFqdn(pattern: string, path: Path, findings: Findings): AntreaPeer | null {
  const at = [...path, 'fqdn'];
  if (path[1] === 'ingress') {
    findings.error(at, 'Forbidden: fqdn can only be set for egress rules');
    return null;
  }
  if (FQDN.test(pattern.slice(0, 1024))) return { kind: 'fqdn', pattern };
  findings.error(at, `invalid characters in egress rule fqdn field: ${shown(pattern)}`);
  return null;
}

/** (AN7) */
function readRelated(
  { namespaces = {}, podSelector }: DecodedPeer,
  isNamespaced: boolean,
  path: Path,
  findings: Findings,
): AntreaPeer | null {
  const at = [...path, 'namespaces'];
  const { match, sameLabels } = namespaces;
  if (isNamespaced) {
    findings.error(at, 'Forbidden: a NetworkPolicy has one namespace', 'a podSelector selects in it');
    return null;
  }
  const count = countFields(namespaces);
  if (count !== 1) {
    const rule = 'only one matching criteria can be specified in a single peer namespaces field';
    findings.error(at, rule, 'write {match: Self}, or {sameLabels: [...]}');
    return null;
  }
  const pods = readOptional(podSelector, [...path, 'podSelector'], findings);
  if (match !== undefined) {
    return readEnum(match, MATCHES, [...at, 'match'], findings) === null
      ? null
      : { kind: 'related', sameLabels: null, podSelector: pods };
  }
  return { kind: 'related', sameLabels: (sameLabels ?? []).map(label => label ?? ''), podSelector: pods };
}
