/**
 * One AuthorizationPolicy document -> the model of model.ts.
 *
 * In:  a document.  Out: the policy, or null where a finding is an error. Decoding first (fields.ts), then what Istio's own
 * webhook refuses, in its words where it has them; all of it at once. What is read but not judged is a warning at its place.
 */
import type { KubernetesDocument, Path, Problem } from '../../documents/document.js';
import { byPosition, Findings, shown } from '../../documents/findings.js';
import { readEnum } from '../crd.js';
import type { DialectKind } from '../dialects.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { labelKeyComplaints, labelValueComplaints } from '../kubernetes/names.js';
import { decode } from '../kubernetes/schema.js';
import { AUTHORIZATION_POLICY } from './fields.js';
import { ACTIONS, type AuthorizationPolicy, type IstioAction } from './model.js';
import { type DecodedRule, readRules } from './rules.js';
import { type DecodedTarget, readTargets } from './targets.js';

interface DecodedSpec {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly targetRef?: DecodedTarget;
  readonly targetRefs?: readonly (DecodedTarget | null | undefined)[];
  readonly action?: string;
  readonly provider?: { readonly name?: string };
  readonly rules?: readonly (DecodedRule | null | undefined)[];
}

interface Decoded {
  readonly metadata?: DecodedMetadata & { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: DecodedSpec;
}

const DRY_RUN = 'istio.io/dry-run';
/** As Go's strconv.ParseBool reads it. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

function read(document: KubernetesDocument, problems: Problem[]): AuthorizationPolicy | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const { metadata = {}, spec = {} } = decode(AUTHORIZATION_POLICY, document.object, [], findings) as Decoded;
  const { name, namespace } = readMetadata(metadata, findings);
  // (IS4): an absent action is ALLOW.
  const action: IstioAction = readEnum(spec.action ?? 'ALLOW', ACTIONS, ['spec', 'action'], findings) ?? 'ALLOW';
  const targets = readTargets(spec, findings);
  checkSelector(spec, findings);
  checkAction(spec, action, findings);
  const rules = readRules(spec.rules ?? [], action, findings);
  const isDryRun = TRUE.has(metadata.annotations?.[DRY_RUN] ?? '');
  if (isDryRun) {
    const at = ['metadata', 'annotations', DRY_RUN];
    findings.warn(at, 'the policy is not enforced: it is left out', 'remove the annotation to have it judged', at);
  }
  problems.push(...own.sort(byPosition));
  if (own.some(({ severity }) => severity === 'error')) return null;
  return {
    kind: 'AuthorizationPolicy',
    namespace,
    name,
    action,
    selector: spec.selector === undefined ? null : (spec.selector.matchLabels ?? {}),
    targets,
    provider: action === 'CUSTOM' ? (spec.provider?.name ?? '') : '',
    isDryRun,
    rules,
    position: document.position,
    declares: rules.map(rule => ({ rule: rule.name, position: rule.position })),
  };
}

function checkSelector({ selector, targetRef, targetRefs = [] }: DecodedSpec, findings: Findings): void {
  const given = [selector !== undefined, targetRef !== undefined, targetRefs.length > 0].filter(Boolean).length;
  if (given > 1) {
    findings.error(['spec'], 'Invalid value: only one of targetRefs or workloadSelector can be set');
  }
  if (selector === undefined) return;
  const path: Path = ['spec', 'selector', 'matchLabels'];
  const labels = Object.entries(selector.matchLabels ?? {});
  if (labels.length === 0) {
    findings.warn(
      ['spec', 'selector'],
      'workload selector specified without labels: it selects every workload',
      'leave the selector out if that is meant',
    );
  }
  for (const [key, value] of labels) {
    const at = [...path, key];
    if (key.includes('*') || value.includes('*')) {
      findings.error(
        path,
        `Invalid value: ${shown(`${key}=${value}`)}: wildcard is not supported in selector`,
        undefined,
        at,
      );
      continue;
    }
    for (const complaint of labelKeyComplaints(key)) {
      findings.error(path, `Invalid value: ${shown(key)}: ${complaint}`, undefined, at);
    }
    for (const complaint of labelValueComplaints(value)) {
      findings.error(path, `Invalid value: ${shown(value)}: ${complaint}`, undefined, at);
    }
  }
}

function checkAction({ provider, rules }: DecodedSpec, action: IstioAction, findings: Findings): void {
  const hint = 'an empty rule, rules: [{}], matches every request';
  if (action === 'CUSTOM') {
    if (rules === undefined) {
      const message = 'Required value: CUSTOM action without `rules` is meaningless as it will never be triggered';
      findings.error(['spec', 'rules'], message, hint);
    } else if ((provider?.name ?? '') === '') {
      findings.error(['spec', 'provider', 'name'], 'Required value: `provider.name` must not be empty');
    }
    findings.warn(
      ['spec', 'action'],
      'what a provider answers is not known: what the rules match is undecided, unless another policy denies it',
      'judge it without this policy to see what the others say',
    );
  } else if (provider !== undefined) {
    findings.error(['spec', 'provider'], `Forbidden: \`provider\` must not be with non CUSTOM action, found ${action}`);
  }
  if (action === 'DENY' && rules === undefined) {
    const message = 'Required value: DENY action without `rules` is meaningless as it will never be triggered';
    findings.error(['spec', 'rules'], message, hint);
  }
}

export const AUTHORIZATION_POLICY_KIND: DialectKind<AuthorizationPolicy> = {
  dialect: 'istio',
  group: 'security.istio.io',
  versions: ['v1', 'v1beta1'],
  kind: 'AuthorizationPolicy',
  isNamespaced: true,
  schema: AUTHORIZATION_POLICY,
  read,
};
