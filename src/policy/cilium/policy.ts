/**
 * One CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy document -> the model of model.ts.
 *
 * In:  a document.  Out: the policy, or null where a finding is an error. Decoding first (fields.ts), then what the schema of
 * the custom resource and the agent refuse, in the agent's words where it has them; all of it at once.
 */
import type { KubernetesDocument, Path, Position, Problem } from '../../documents/document.js';
import { Findings } from '../../documents/findings.js';
import type { DialectKind } from '../dialects.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { decode } from '../kubernetes/schema.js';
import type { DecodedSelector } from '../kubernetes/selectors.js';
import { CLUSTERWIDE_POLICY, NETWORK_POLICY } from './fields.js';
import type { CiliumPolicy, CiliumSpec } from './model.js';
import { type DecodedRules, readRules } from './rules.js';
import { readSelector } from './selectors.js';

type DecodedSpec = DecodedRules & {
  readonly endpointSelector?: DecodedSelector;
  readonly nodeSelector?: DecodedSelector;
  readonly enableDefaultDeny?: { readonly ingress?: boolean; readonly egress?: boolean };
};

interface Decoded {
  readonly metadata?: DecodedMetadata;
  readonly spec?: DecodedSpec;
  readonly specs?: readonly (DecodedSpec | null | undefined)[];
}

const byPosition = (a: Position, b: Position): number => a.line - b.line || a.column - b.column;

function read(document: KubernetesDocument, problems: Problem[], kind: CiliumPolicy['kind']): CiliumPolicy | null {
  const own: Problem[] = [];
  const findings = new Findings(document, own);
  const isNamespaced = kind === 'CiliumNetworkPolicy';
  const schema = SCHEMAS[kind];
  const { metadata = {}, spec, specs = [] } = decode(schema, document.object, [], findings) as Decoded;
  const { name, namespace } = readMetadata(metadata, findings);
  if (!isNamespaced && (metadata.namespace ?? '') !== '') {
    findings.warn(
      ['metadata', 'namespace'],
      `a ${kind} is in no namespace`,
      'remove it, or write a CiliumNetworkPolicy',
    );
  }
  if (spec === undefined && specs.length === 0) {
    findings.error([], 'Required value: a policy without spec or specs says nothing', 'write the rules under spec');
  }
  const parts: CiliumSpec[] = [];
  if (spec !== undefined) parts.push(readSpec(spec, ['spec'], '', isNamespaced, findings));
  specs.forEach((it, i) => {
    if (it !== undefined) parts.push(readSpec(it ?? {}, ['specs', i], `specs[${i}].`, isNamespaced, findings));
  });
  problems.push(...own.sort((a, b) => byPosition(a.position, b.position)));
  if (own.some(({ severity }) => severity === 'error')) return null;
  return {
    kind,
    namespace: isNamespaced ? namespace : '',
    name,
    specs: parts,
    position: document.position,
    declares: parts.flatMap(({ rules }) => rules.map(rule => ({ rule: rule.name, position: rule.position }))),
  };
}

function readSpec(
  spec: DecodedSpec,
  path: Path,
  prefix: string,
  isNamespaced: boolean,
  findings: Findings,
): CiliumSpec {
  const { endpointSelector, nodeSelector } = spec;
  if (endpointSelector === undefined && nodeSelector === undefined) {
    findings.error(
      path,
      'Required value: rule must have one of EndpointSelector or NodeSelector',
      'endpointSelector: {} selects every pod',
    );
  }
  if (endpointSelector !== undefined && nodeSelector !== undefined) {
    findings.error(path, 'Forbidden: rule cannot have both EndpointSelector and NodeSelector');
  }
  if (nodeSelector !== undefined && isNamespaced) {
    const hint = 'a policy about nodes is a CiliumClusterwideNetworkPolicy';
    findings.error([...path, 'nodeSelector'], 'Forbidden: rule cannot have NodeSelector', hint);
  }
  const isHost = nodeSelector !== undefined;
  const selector = readSelector(
    nodeSelector ?? endpointSelector,
    [...path, isHost ? 'nodeSelector' : 'endpointSelector'],
    findings,
  );
  const rules = readRules(spec, prefix, path, isHost, findings);
  if (rules.length === 0) {
    findings.warn(
      path,
      'has no effect: rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny',
      'an empty list is not enough: to deny everything write ingress: [{}] or egress: [{}]',
    );
  }
  if (isHost) {
    findings.warn(
      [...path, 'nodeSelector'],
      'is read as it is enforced with hostFirewall.enabled, which is off by default',
      'without that option the policy has no effect',
    );
  }
  const has = (direction: 'ingress' | 'egress'): boolean => rules.some(rule => rule.direction === direction);
  const given = spec.enableDefaultDeny ?? {};
  for (const direction of ['ingress', 'egress'] as const) {
    if (given[direction] === true && !has(direction) && rules.length > 0) {
      const at = [...path, 'enableDefaultDeny', direction];
      findings.warn(
        at,
        'has no effect: the policy has no rule for that direction',
        `write ${direction}: [{}] to deny everything`,
      );
    }
  }
  // (CI7)
  const defaultDeny = {
    ingress: has('ingress') && (given.ingress ?? true),
    egress: has('egress') && (given.egress ?? true),
  };
  return {
    subject: { kind: isHost ? 'nodes' : 'endpoints', selector },
    defaultDeny,
    rules,
    position: findings.document.at(path),
  };
}

const SCHEMAS = { CiliumNetworkPolicy: NETWORK_POLICY, CiliumClusterwideNetworkPolicy: CLUSTERWIDE_POLICY } as const;

const kind = (name: CiliumPolicy['kind']): DialectKind<CiliumPolicy> => ({
  dialect: 'cilium',
  group: 'cilium.io',
  versions: ['v2'],
  kind: name,
  isNamespaced: name === 'CiliumNetworkPolicy',
  schema: SCHEMAS[name],
  read: (document, problems) => read(document, problems, name),
});

export const POLICY_KINDS = [kind('CiliumNetworkPolicy'), kind('CiliumClusterwideNetworkPolicy')];
