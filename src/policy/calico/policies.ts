/**
 * Calico's policies, enforced and staged: document -> CalicoPolicy (cold).
 *
 * In:  a document of NetworkPolicy, GlobalNetworkPolicy or a staged kind.  Out: the object with its defaults filled in, or
 * null where a finding is an error. Numbers are facts of docs/dialects/calico.md.
 */
import type { KubernetesDocument, Path, Problem } from '../../documents/document.js';
import { byPosition, Findings } from '../../documents/findings.js';
import { readEnum } from '../crd.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { readNetworkPolicy } from '../kubernetes/network-policy.js';
import { decode } from '../kubernetes/schema.js';
import { POLICIES, STAGED_ACTIONS, STAGED_KUBERNETES, TYPES } from './fields.js';
import type { CalicoPolicy, CalicoRule, StagedAction, StagedKubernetesNetworkPolicy } from './model.js';
import { type DecodedRule, readRules } from './rules.js';
import { readExpression } from './values.js';

interface DecodedSpec {
  readonly stagedAction?: string;
  readonly tier?: string;
  readonly order?: number;
  readonly selector?: string;
  readonly serviceAccountSelector?: string;
  readonly namespaceSelector?: string;
  readonly types?: readonly (string | null | undefined)[];
  readonly ingress?: readonly (DecodedRule | null | undefined)[];
  readonly egress?: readonly (DecodedRule | null | undefined)[];
  readonly doNotTrack?: boolean;
  readonly preDNAT?: boolean;
  readonly applyOnForward?: boolean;
}

interface Decoded {
  readonly metadata?: DecodedMetadata;
  readonly spec?: DecodedSpec;
}

export const readCalicoPolicy =
  (kind: CalicoPolicy['kind']) =>
  (document: KubernetesDocument, problems: Problem[]): CalicoPolicy | null => {
    const own: Problem[] = [];
    const findings = new Findings(document, own);
    const { metadata = {}, spec = {} } = decode(POLICIES[kind], document.object, [], findings) as Decoded;
    const isGlobal = kind === 'GlobalNetworkPolicy' || kind === 'StagedGlobalNetworkPolicy';
    const { name, namespace } = readMetadata(metadata, findings);
    const scope = { namespace: isGlobal ? '' : namespace };
    const at = (field: string): Path => ['spec', field];
    const types = readTypes(spec, findings);
    const ingress = readRules('ingress', spec.ingress, scope, findings);
    const egress = readRules('egress', spec.egress, scope, findings);
    const staged = kind.startsWith('Staged') ? readStagedAction(spec, findings) : null;
    checkHostFields(spec, findings);
    // (C5): rules of a direction that is not among the types do not count.
    const counted = (type: (typeof TYPES)[number], rules: readonly CalicoRule[]): readonly CalicoRule[] =>
      types.includes(type) ? rules : [];
    const policy: CalicoPolicy = {
      kind,
      namespace: scope.namespace,
      name: storedName(name, document),
      position: document.position,
      tier: (spec.tier ?? '') === '' ? 'default' : spec.tier!,
      order: readOrder(spec.order, at('order'), findings),
      selector: readExpression(spec.selector, at('selector'), findings),
      serviceAccountSelector: readExpression(spec.serviceAccountSelector, at('serviceAccountSelector'), findings),
      namespaceSelector: readExpression(spec.namespaceSelector, at('namespaceSelector'), findings),
      types,
      ingress: counted('Ingress', ingress),
      egress: counted('Egress', egress),
      doNotTrack: spec.doNotTrack ?? false,
      preDNAT: spec.preDNAT ?? false,
      applyOnForward: spec.applyOnForward ?? false,
      staged,
    };
    problems.push(...own.sort(byPosition));
    if (own.some(({ severity }) => severity === 'error')) return null;
    return { ...policy, declares: declaredBy(policy) };
  };

/** (C9): what logs decides nothing. */
export const declaredBy = ({ ingress, egress }: Pick<CalicoPolicy, 'ingress' | 'egress'>) =>
  [...ingress, ...egress]
    .filter(({ action }) => action !== 'Log')
    .map(({ name, position }) => ({ rule: name, position }));

/** (C2): the storage form puts the tier's name before a policy's; in tier "default" the API does without. */
export function storedName(name: string, { apiVersion }: KubernetesDocument): string {
  return apiVersion.startsWith('crd.') && name.startsWith('default.') ? name.slice('default.'.length) : name;
}

/** (C6): none is the last. */
export function readOrder(given: number | undefined, path: Path, findings: Findings): number {
  if (given === undefined) return Number.POSITIVE_INFINITY;
  if (!Number.isFinite(given)) findings.error(path, `Invalid value: ${given}: must be a number`);
  return given;
}

/** (C4) */
function readTypes(spec: DecodedSpec, findings: Findings): CalicoPolicy['types'] {
  const path: Path = ['spec', 'types'];
  const given = spec.types ?? [];
  const rules = { Ingress: spec.ingress ?? [], Egress: spec.egress ?? [] };
  if (given.length === 0) {
    if (rules.Egress.length === 0) return ['Ingress'];
    return rules.Ingress.length === 0 ? ['Egress'] : TYPES;
  }
  const types = given.map((type, i) =>
    type === undefined ? null : readEnum(type ?? undefined, TYPES, [...path, i], findings),
  );
  for (const type of TYPES) {
    if (types.filter(it => it === type).length > 1) {
      findings.error(path, `Invalid value: '${type}' type specified more than once`);
    }
    if (types.includes(type) || rules[type].length === 0) continue;
    const field = type === 'Ingress' ? 'ingress' : 'egress';
    findings.warn(
      ['spec', field],
      `has no effect: types does not list "${type}"`,
      `add ${type} to spec.types, or remove the rules`,
    );
  }
  return TYPES.filter(type => types.includes(type));
}

function readStagedAction(spec: DecodedSpec, findings: Findings): StagedAction {
  const { stagedAction } = spec;
  if (stagedAction === undefined || stagedAction === '') return 'Set';
  const action = readEnum(stagedAction, STAGED_ACTIONS, ['spec', 'stagedAction'], findings) ?? 'Set';
  const others = Object.keys(spec).filter(field => field !== 'stagedAction' && field !== 'tier');
  if (action === 'Delete' && others.length > 0) {
    const message = 'Invalid value: Spec fields, except Tier, should all be zero-value if stagedAction is Delete';
    findings.error(['spec', others[0]!], message);
  }
  return action;
}

/** (C40) */
function checkHostFields(spec: DecodedSpec, findings: Findings): void {
  const { doNotTrack = false, preDNAT = false, applyOnForward = false } = spec;
  const wrong = (field: string, message: string): void => findings.error(['spec', field], `Invalid value: ${message}`);
  if (doNotTrack && preDNAT) wrong('preDNAT', 'preDNAT and doNotTrack cannot both be true');
  if (preDNAT && (spec.egress ?? []).length > 0) wrong('egress', 'preDNAT policy cannot have any egress rules');
  if (preDNAT && (spec.types ?? []).includes('Egress')) wrong('types', "preDNAT policy cannot have 'Egress' type");
  if ((preDNAT || doNotTrack) && !applyOnForward) {
    wrong('applyOnForward', 'applyOnForward must be true if either preDNAT or doNotTrack is true');
  }
}

/** (C45): a NetworkPolicy of Kubernetes, with an action. */
export function readStagedKubernetes(
  document: KubernetesDocument,
  problems: Problem[],
): StagedKubernetesNetworkPolicy | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const silent = new Findings(document, []);
  const decoded = decode(STAGED_KUBERNETES, document.object, [], silent) as Decoded;
  const staged = readStagedAction(staging(decoded.spec ?? {}), findings);
  const { name, namespace } = readMetadata(decoded.metadata ?? {}, staged === 'Delete' ? findings : silent);
  const policy = staged === 'Delete' ? null : readNetworkPolicy(document, own, STAGED_KUBERNETES);
  problems.push(...own.sort(byPosition));
  if (own.some(({ severity }) => severity === 'error')) return null;
  return { kind: 'StagedKubernetesNetworkPolicy', namespace, name, position: document.position, staged, policy };
}

/** A spec that is given as podSelector: {} says nothing. */
function staging(spec: DecodedSpec & { readonly podSelector?: object }): DecodedSpec {
  const { podSelector, ...rest } = spec;
  return podSelector === undefined || Object.keys(podSelector).length === 0 ? rest : spec;
}
