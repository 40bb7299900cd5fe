/**
 * A ClusterNetworkPolicy or NetworkPolicy of crd.antrea.io -> the model of model.ts.
 *
 * In:  a document.  Out: the policy, or null where a finding is an error: what the CRD's schema asks in the API server's
 * words, what the admission webhook asks in its own. Numbers (AN..) are facts of docs/dialects/antrea.md.
 */
import type { KubernetesDocument, Path, Problem } from '../../documents/document.js';
import { byPosition, Findings, shown } from '../../documents/findings.js';
import { checkRange, readEnum, withoutEchoes } from '../crd.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { decode } from '../kubernetes/schema.js';
import { ACTIONS, POLICIES } from './fields.js';
import { type DecodedPort, type DecodedProtocol, readPort, readProtocol } from './headers.js';
import { type DecodedLayer7, readLayer7 } from './layer7.js';
import type { AntreaHeader, AntreaPolicy, AntreaRule, AppliedTo } from './model.js';
import { type DecodedAppliedTo, type DecodedName, type DecodedPeer, readAppliedTo, readPeer } from './peers.js';
import { BASELINE_TIER, DEFAULT_TIER, tierName } from './tier-names.js';

type List<T> = readonly (T | null | undefined)[];

interface DecodedRule {
  readonly action?: string;
  readonly ports?: List<DecodedPort>;
  readonly protocols?: List<DecodedProtocol>;
  readonly l7Protocols?: readonly (DecodedLayer7 | null | undefined)[];
  readonly from?: List<DecodedPeer>;
  readonly to?: List<DecodedPeer>;
  readonly toServices?: List<DecodedName>;
  readonly name?: string;
  readonly appliedTo?: List<DecodedAppliedTo>;
}

interface DecodedSpec {
  readonly tier?: string;
  readonly priority?: number;
  readonly appliedTo?: List<DecodedAppliedTo>;
  readonly ingress?: List<DecodedRule>;
  readonly egress?: List<DecodedRule>;
}

export function readPolicy(
  document: KubernetesDocument,
  kind: keyof typeof POLICIES,
  problems: Problem[],
): AntreaPolicy | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const isNamespaced = kind === 'NetworkPolicy';
  const { metadata = {}, spec = {} } = decode(POLICIES[kind], document.object, [], findings) as {
    readonly metadata?: DecodedMetadata;
    readonly spec?: DecodedSpec;
  };
  const { name, namespace } = readMetadata(metadata, findings);
  const { priority, tier = '' } = spec;
  const priorityPath = ['spec', 'priority'];
  if (priority === undefined) findings.error(priorityPath, 'Required value', 'a number from 1, the first, to 10000');
  else checkRange(priority, 1, 10_000, priorityPath, findings);
  const appliedTo = readAppliedToList(spec.appliedTo ?? [], isNamespaced, ['spec', 'appliedTo'], findings);
  checkAppliedTo(spec, findings);
  const names = new Set<string>();
  const read = (direction: 'ingress' | 'egress'): AntreaRule[] =>
    (spec[direction] ?? []).flatMap((rule, i) => {
      const path = ['spec', direction, i];
      if (rule === undefined) return [];
      if (rule?.name !== undefined && rule.name !== '') {
        if (names.has(rule.name)) {
          findings.error([...path, 'name'], `rules names must be unique within the policy: ${shown(rule.name)}`);
        }
        names.add(rule.name);
      }
      return readRule(direction, rule ?? {}, i, isNamespaced, appliedTo, path, findings);
    });
  const ingress = read('ingress');
  const egress = read('egress');
  const inTier = tier === '' ? DEFAULT_TIER : tierName(tier);
  if (inTier === BASELINE_TIER) {
    // (AN5)
    for (const { action, position } of [...ingress, ...egress]) {
      if (action !== 'pass') continue;
      const message = '`Pass` action should not be set for Baseline Tier policy rules';
      own.push({ severity: 'error', position, message, hint: 'behind the baseline tier there is nothing to pass to' });
    }
  }
  problems.push(...withoutEchoes(own.sort(byPosition)));
  if (own.some(({ severity }) => severity === 'error')) return null;
  return {
    kind: isNamespaced ? 'AntreaNetworkPolicy' : 'AntreaClusterNetworkPolicy',
    namespace: isNamespaced ? namespace : '',
    name,
    position: document.position,
    declares: [...ingress, ...egress].map(({ rule, position }) => ({ rule, position })),
    tier: inTier,
    priority: priority!,
    ingress,
    egress,
  };
}

function readAppliedToList(
  given: List<DecodedAppliedTo>,
  isNamespaced: boolean,
  path: Path,
  findings: Findings,
): AppliedTo[] {
  return given.flatMap((entry, i) => {
    const read = entry === undefined ? null : readAppliedTo(entry ?? {}, isNamespaced, [...path, i], findings);
    return read === null ? [] : [read];
  });
}

/** (AN6) */
function checkAppliedTo({ appliedTo = [], ingress = [], egress = [] }: DecodedSpec, findings: Findings): void {
  const rules = [...ingress, ...egress];
  const having = rules.filter(rule => (rule?.appliedTo ?? []).length > 0).length;
  const path = ['spec', 'appliedTo'];
  if (appliedTo.length > 0 && having > 0) findings.error(path, 'appliedTo should not be set in both spec and rules');
  else if (appliedTo.length === 0 && having === 0) {
    findings.error(
      path,
      'appliedTo needs to be set in either spec or rules',
      'every pod: appliedTo: [{podSelector: {}}]',
    );
  } else if (having > 0 && having < rules.length) {
    findings.error(path, 'appliedTo field should either be set in all rules or in none of them');
  }
}

function readRule(
  direction: 'ingress' | 'egress',
  given: DecodedRule,
  index: number,
  isNamespaced: boolean,
  ofPolicy: readonly AppliedTo[],
  path: Path,
  findings: Findings,
): AntreaRule[] {
  const side = direction === 'ingress' ? 'from' : 'to';
  const action = readEnum(
    given.action,
    Object.keys(ACTIONS) as (keyof typeof ACTIONS)[],
    [...path, 'action'],
    findings,
  );
  const peers = (given[side] ?? []).flatMap((peer, i) =>
    peer === undefined ? [] : readPeer(peer ?? {}, isNamespaced, [...path, side, i], findings),
  );
  const headers = [
    ...(given.ports ?? []).map((port, i) =>
      port === undefined ? null : readPort(port ?? {}, [...path, 'ports', i], findings),
    ),
    ...(given.protocols ?? []).map((protocol, i) =>
      protocol === undefined ? null : readProtocol(protocol ?? {}, [...path, 'protocols', i], findings),
    ),
  ];
  const own = readAppliedToList(given.appliedTo ?? [], isNamespaced, [...path, 'appliedTo'], findings);
  checkRule(given, action, headers, path, findings);
  if (action === null) return [];
  const name = given.name ?? '';
  const rule: AntreaRule = {
    rule: `${direction}[${index}]${name === '' ? '' : ` ${name}`}`,
    index,
    action: ACTIONS[action],
    ...(action === 'Reject' && { isReject: true as const }),
    appliedTo: own.length > 0 ? own : ofPolicy,
    // (AN10): an empty list is everybody.
    peers: (given[side] ?? []).length === 0 ? null : peers,
    toServices: (given.toServices ?? []).map(it => ({ namespace: it?.namespace ?? '', name: it?.name ?? '' })),
    headers: headers.length === 0 ? null : headers.filter(it => it !== null),
    layer7: readLayer7(given.l7Protocols ?? [], [...path, 'l7Protocols'], findings),
    position: findings.document.at(path),
  };
  return [rule];
}

/** What cannot stand beside one another. */
function checkRule(
  given: DecodedRule,
  action: keyof typeof ACTIONS | null,
  headers: readonly (AntreaHeader | null)[],
  path: Path,
  findings: Findings,
): void {
  const { ports = [], protocols = [], from = [], to = [], toServices = [], l7Protocols = [] } = given;
  if (toServices.length > 0 && to.length + ports.length + protocols.length > 0) {
    findings.error(path, '`toServices` cannot be used with `to`, `ports` or `protocols`');
  }
  if (headers.some(it => it?.kind === 'igmp')) {
    if (action === 'Pass' || action === 'Reject') findings.error(path, 'protocol IGMP does not support Pass or Reject');
    if (ports.length + from.length + to.length + toServices.length > 0 || headers.some(it => it?.kind === 'icmp')) {
      findings.error(path, 'protocol IGMP can not be used with other protocols or other properties like from, to');
    }
  }
  if (l7Protocols.length === 0) return;
  if (action !== null && action !== 'Allow') findings.error(path, 'layer 7 protocols only support Allow');
  if (toServices.length > 0) findings.error(path, 'layer 7 protocols can not be used with toServices');
}
