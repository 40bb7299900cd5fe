/**
 * One NetworkPolicy document of networking.k8s.io/v1 -> the model of policy.ts.
 *
 * In:  a document.  Out: the policy with its defaults filled in, or null where a finding is an error.
 * Decoding first (fields.ts), then what the API server validates, in its terms and order; defaults as it sets them.
 * Numbers are items of docs/semantics.md.
 */
import type { KubernetesDocument, Path, Problem } from '../../documents/document.js';
import { byPosition, Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import type { NetworkPolicy, PolicyRule } from '../policy.js';
import { NETWORK_POLICY, POLICY_TYPES } from './fields.js';
import { type DecodedMetadata, readMetadata } from './metadata.js';
import { type DecodedPeer, readPeer } from './peers.js';
import { type DecodedPort, readPort } from './ports.js';
import { decode, type Schema } from './schema.js';
import { type DecodedSelector, readSelector } from './selectors.js';

interface DecodedRule {
  readonly from?: readonly (DecodedPeer | null | undefined)[];
  readonly to?: readonly (DecodedPeer | null | undefined)[];
  readonly ports?: readonly (DecodedPort | null | undefined)[];
}

interface DecodedSpec {
  readonly podSelector?: DecodedSelector;
  readonly policyTypes?: readonly (string | null | undefined)[];
  readonly ingress?: readonly (DecodedRule | null | undefined)[];
  readonly egress?: readonly (DecodedRule | null | undefined)[];
}

interface Decoded {
  readonly metadata?: DecodedMetadata;
  readonly spec?: DecodedSpec;
}

/**
 * @param problems gets what is wrong; the policy is null where that holds an error of this document
 * @param schema of a kind with the same fields, and others that are read elsewhere
 */
export function readNetworkPolicy(
  document: KubernetesDocument,
  problems: Problem[],
  schema: Schema = NETWORK_POLICY,
): NetworkPolicy | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const decoded = decode(schema, document.object, [], findings) as Decoded;
  const { name, namespace } = readMetadata(decoded.metadata ?? {}, findings);
  const spec = decoded.spec ?? {};
  const podSelector = readSelector(spec.podSelector, ['spec', 'podSelector'], findings);
  const ingress = readRules('ingress', spec.ingress ?? [], findings);
  const egress = readRules('egress', spec.egress ?? [], findings);
  const { isolatesIngress, isolatesEgress } = readPolicyTypes(spec, findings);
  if (own.every(({ severity }) => severity === 'warning')) {
    warnOfNoEffect(document, spec, isolatesIngress, isolatesEgress, findings);
  }
  problems.push(...own.sort(byPosition));
  if (own.some(({ severity }) => severity === 'error')) return null;
  const unlisted = [...(isolatesIngress ? [] : ingress), ...(isolatesEgress ? [] : egress)];
  return {
    namespace,
    name,
    podSelector,
    isolatesIngress,
    isolatesEgress,
    // (2): rules of a direction that is not among the policyTypes do not count.
    ingress: isolatesIngress ? ingress : [],
    egress: isolatesEgress ? egress : [],
    ...(unlisted.length === 0 ? {} : { unlisted }),
    position: document.position,
  };
}

function readRules(
  direction: 'ingress' | 'egress',
  rules: readonly (DecodedRule | null | undefined)[],
  findings: Findings,
): PolicyRule[] {
  return rules.map((given, i): PolicyRule => {
    const path: Path = ['spec', direction, i];
    const side = direction === 'ingress' ? 'from' : 'to';
    if (given === null) {
      findings.warn(path, 'null is read as an empty rule, which allows everything', 'write "- {}" if that is meant');
    }
    const rule = given ?? {};
    const ports = (rule.ports ?? []).map((port, j) =>
      port === undefined ? null : readPort(port ?? {}, [...path, 'ports', j], findings),
    );
    const peers = (rule[side] ?? []).map((peer, j) =>
      peer === undefined ? null : readPeer(peer ?? {}, [...path, side, j], findings),
    );
    return {
      // (3): an empty list and none mean the same: every peer, every port.
      peers: peers.length === 0 ? null : peers.filter(peer => peer !== null),
      ports: ports.length === 0 ? null : ports.filter(port => port !== null),
      position: findings.document.at(path),
    };
  });
}

/** (1), (2), (3) */
function readPolicyTypes(spec: DecodedSpec, findings: Findings): { isolatesIngress: boolean; isolatesEgress: boolean } {
  const path: Path = ['spec', 'policyTypes'];
  const types = spec.policyTypes ?? [];
  if (types.length === 0) return { isolatesIngress: true, isolatesEgress: (spec.egress ?? []).length > 0 };
  if (types.length > POLICY_TYPES.length) {
    findings.error(path, `Invalid value: ${shown(types)}: may not specify more than two policyTypes`);
  } else {
    types.forEach((type, i) => {
      if (type === undefined || POLICY_TYPES.includes(type ?? '')) return;
      const meant = nearest(type ?? '', POLICY_TYPES);
      const message = `Unsupported value: ${shown(type ?? '')}: supported values: "Ingress", "Egress"`;
      findings.error([...path, i], message, meant === null ? undefined : `did you mean "${meant}"?`);
    });
  }
  return { isolatesIngress: types.includes('Ingress'), isolatesEgress: types.includes('Egress') };
}

/** Valid, and not what its author means: told before it surprises. */
function warnOfNoEffect(
  document: KubernetesDocument,
  spec: DecodedSpec,
  isolatesIngress: boolean,
  isolatesEgress: boolean,
  findings: Findings,
): void {
  if (document.object['spec'] === undefined || document.object['spec'] === null) {
    findings.warn(
      ['spec'],
      'not set: the policy isolates every pod of its namespace for ingress',
      'write podSelector: {} under spec if that is meant',
    );
  } else if (spec.podSelector === undefined) {
    findings.warn(
      ['spec', 'podSelector'],
      'not set: the policy selects every pod of its namespace',
      'write podSelector: {} if that is meant',
    );
  }
  const unused = [
    ['ingress', 'Ingress', isolatesIngress, spec.ingress],
    ['egress', 'Egress', isolatesEgress, spec.egress],
  ] as const;
  for (const [field, type, isolates, rules] of unused) {
    if (isolates || (rules ?? []).length === 0) continue;
    findings.warn(
      ['spec', field],
      `has no effect: policyTypes does not list "${type}"`,
      `add ${type} to spec.policyTypes, or remove the rules`,
    );
  }
}
