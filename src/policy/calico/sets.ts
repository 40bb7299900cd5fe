/**
 * What Calico's policies stand in and refer to: tiers, network sets, host endpoints, profiles (cold).
 *
 * In:  a document.  Out: the object, or null where a finding is an error. Numbers are facts of docs/dialects/calico.md.
 */
import type { KubernetesDocument, Problem } from '../../documents/document.js';
import { byPosition, Findings } from '../../documents/findings.js';
import { readEnum } from '../crd.js';
import { type DecodedMetadata, readMetadata } from '../kubernetes/metadata.js';
import { decode, type Schema } from '../kubernetes/schema.js';
import { DEFAULT_ACTIONS, HOST_ENDPOINT, NETWORK_SET, PROFILE, TIER } from './fields.js';
import type { CalicoProfile, HostEndpoint, NetworkSet, Tier } from './model.js';
import { declaredBy, readOrder } from './policies.js';
import { type DecodedRule, readRules } from './rules.js';
import { PORT_PROTOCOLS, readAddress, readProtocol, readSetNet } from './values.js';

type List<T> = readonly (T | null | undefined)[];

interface Common {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly position: KubernetesDocument['position'];
}

/** Decodes, hands on what every kind has, and gives up where anything is an error. */
function reading<S, T>(schema: Schema, make: (common: Common, spec: S, findings: Findings) => T) {
  return (document: KubernetesDocument, problems: Problem[]): T | null => {
    const own: Problem[] = [];
    const findings = new Findings(document, own);
    const decoded = decode(schema, document.object, [], findings) as {
      readonly metadata?: DecodedMetadata;
      readonly spec?: S;
    };
    const metadata = decoded.metadata ?? {};
    const { name, namespace } = readMetadata(metadata, findings);
    const common = { name, namespace, labels: metadata.labels ?? {}, position: document.position };
    const object = make(common, decoded.spec ?? ({} as S), findings);
    problems.push(...own.sort(byPosition));
    return own.some(({ severity }) => severity === 'error') ? null : object;
  };
}

interface DecodedTier {
  readonly order?: number;
  readonly defaultAction?: string;
}

/** (C7): tiers that are always there, and their orders. */
export const BUILT_IN_TIERS: Readonly<Record<string, number>> = {
  'kube-admin': 1_000,
  adminnetworkpolicy: 1_000,
  default: 1_000_000,
  'kube-baseline': 10_000_000,
  baselineadminnetworkpolicy: 10_000_000,
};

export const readTier = reading<DecodedTier, Tier>(TIER, ({ name, position }, spec, findings) => {
  const order = readOrder(spec.order, ['spec', 'order'], findings);
  const fixed = Object.hasOwn(BUILT_IN_TIERS, name) ? BUILT_IN_TIERS[name]! : null;
  if (fixed !== null && order !== fixed) {
    findings.error(['spec', 'order'], `Invalid value: ${name} tier order must be ${fixed}`);
  }
  const given = spec.defaultAction;
  const action = given === undefined ? null : readEnum(given, DEFAULT_ACTIONS, ['spec', 'defaultAction'], findings);
  // The tiers of the administrators' policies go on to the next one; the others deny.
  const goesOn = fixed !== null && name !== 'default';
  return { kind: 'Tier', namespace: '', name, position, order, defaultAction: action ?? (goesOn ? 'Pass' : 'Deny') };
});

interface DecodedNetworkSet {
  readonly nets?: List<string>;
  readonly allowedEgressDomains?: List<string>;
}

export const readNetworkSet = (kind: NetworkSet['kind']) =>
  reading<DecodedNetworkSet, NetworkSet>(NETWORK_SET, ({ name, namespace, labels, position }, spec, findings) => {
    if (Object.hasOwn(labels, 'projectcalico.org/namespace')) {
      findings.error(
        ['metadata', 'labels'],
        'Invalid value: projectcalico.org/namespace is not a valid label name',
        undefined,
        ['metadata', 'labels', 'projectcalico.org/namespace'],
      );
    }
    if ((spec.allowedEgressDomains ?? []).length > 0) {
      findings.warn(
        ['spec', 'allowedEgressDomains'],
        'a field of Calico Enterprise: names are not resolved, the set is its nets alone',
      );
    }
    const nets = (spec.nets ?? []).map((net, i) =>
      net === undefined ? null : readSetNet(net ?? '', ['spec', 'nets', i], findings),
    );
    return {
      ...{ kind, namespace: kind === 'NetworkSet' ? namespace : '', name, position },
      ...{ labels, nets: nets.filter(net => net !== null) },
    };
  });

interface DecodedHostEndpoint {
  readonly node?: string;
  readonly interfaceName?: string;
  readonly expectedIPs?: List<string>;
  readonly profiles?: List<string>;
  readonly ports?: List<{ readonly name?: string; readonly protocol?: number | string; readonly port?: number }>;
}

export const readHostEndpoint = reading<DecodedHostEndpoint, HostEndpoint>(
  HOST_ENDPOINT,
  ({ name, labels, position }, spec, findings) => {
    const { node = '', interfaceName = '' } = spec;
    if (node === '') findings.error(['spec', 'node'], 'Invalid value: node must be specified');
    const expected = spec.expectedIPs ?? [];
    if (interfaceName === '' && expected.length === 0) {
      findings.error(['spec'], 'Invalid value: at least one of interfaceName or expectedIPs must be specified');
    }
    const expectedIPs = expected
      .map((ip, i) => (ip === undefined ? null : readAddress(ip ?? '', ['spec', 'expectedIPs', i], findings)))
      .filter(ip => ip !== null);
    const ports = (spec.ports ?? []).flatMap((given, i) => {
      const path = ['spec', 'ports', i];
      const protocol = readProtocol(given?.protocol, [...path, 'protocol'], findings)?.protocol;
      if (protocol !== undefined && !PORT_PROTOCOLS.includes(protocol)) {
        findings.error([...path, 'protocol'], 'Invalid value: EndpointPort protocol does not support ports.');
      }
      const port = given?.port ?? 0;
      if (port < 1 || port > 65535) {
        findings.error([...path, 'port'], `Invalid value: ${port}: must be between 1 and 65535, inclusive`);
      }
      return protocol === undefined ? [] : [{ name: given?.name ?? '', protocol, port }];
    });
    return {
      ...{ kind: 'HostEndpoint', namespace: '', name, position, labels, node, interfaceName, expectedIPs, ports },
      profiles: (spec.profiles ?? []).filter(it => typeof it === 'string'),
    };
  },
);

interface DecodedProfile {
  readonly ingress?: List<DecodedRule>;
  readonly egress?: List<DecodedRule>;
  readonly labelsToApply?: Readonly<Record<string, string>>;
}

export const readProfile = reading<DecodedProfile, CalicoProfile>(PROFILE, ({ name, position }, spec, findings) => {
  const scope = { namespace: null };
  const ingress = readRules('ingress', spec.ingress, scope, findings);
  const egress = readRules('egress', spec.egress, scope, findings);
  const declares = declaredBy({ ingress, egress });
  const labelsToApply = spec.labelsToApply ?? {};
  return { kind: 'Profile', namespace: '', name, position, labelsToApply, ingress, egress, declares };
});
