/**
 * Rules of Calico's policies and profiles: decoded -> validated (cold).
 *
 * In:  the rules of one direction, as fields.ts decodes them.  Out: CalicoRules; a finding for everything wrong.
 * Numbers are facts of docs/dialects/calico.md.
 */
import type { Path } from '../../documents/document.js';
import { Findings } from '../../documents/findings.js';
import { readEnum } from '../crd.js';
import { ACTIONS } from './fields.js';
import type { CalicoPort, CalicoRule, EntityRule, Icmp } from './model.js';
import { PORT_PROTOCOLS, readExpression, readNet, readPort, readProtocol } from './values.js';

type List<T> = readonly (T | null | undefined)[];

interface DecodedEntity {
  readonly nets?: List<string>;
  readonly notNets?: List<string>;
  readonly selector?: string;
  readonly notSelector?: string;
  readonly namespaceSelector?: string;
  readonly services?: { readonly name?: string; readonly namespace?: string };
  readonly ports?: List<number | string>;
  readonly notPorts?: List<number | string>;
  readonly serviceAccounts?: { readonly names?: List<string>; readonly selector?: string };
  readonly domains?: List<string>;
}

interface DecodedIcmp {
  readonly type?: number;
  readonly code?: number;
}

export interface DecodedRule {
  readonly action?: string;
  readonly ipVersion?: number;
  readonly protocol?: number | string;
  readonly notProtocol?: number | string;
  readonly icmp?: DecodedIcmp;
  readonly notICMP?: DecodedIcmp;
  readonly source?: DecodedEntity;
  readonly destination?: DecodedEntity;
  readonly http?: unknown;
}

/** The object whose rules they are: '' stands for a cluster-scoped policy, null for a profile. */
export interface RuleScope {
  readonly namespace: string | null;
}

const MOST_RULES = 1024;
const MOST_NETS = 256;
const MOST_PORTS = 50;

export function readRules(
  direction: 'ingress' | 'egress',
  rules: List<DecodedRule> | undefined,
  scope: RuleScope,
  findings: Findings,
): CalicoRule[] {
  const given = rules ?? [];
  warnOfMany(given, MOST_RULES, ['spec', direction], findings);
  return given.map((rule, i) => readRule(direction, i, rule ?? {}, scope, findings)).filter(rule => rule !== null);
}

function readRule(
  direction: 'ingress' | 'egress',
  index: number,
  rule: DecodedRule,
  scope: RuleScope,
  findings: Findings,
): CalicoRule | null {
  const path: Path = ['spec', direction, index];
  const action = readEnum(rule.action, ACTIONS, [...path, 'action'], findings);
  const protocol = readProtocol(rule.protocol, [...path, 'protocol'], findings);
  const notProtocol = readProtocol(rule.notProtocol, [...path, 'notProtocol'], findings);
  const ipVersion = readVersion(rule.ipVersion, [...path, 'ipVersion'], findings);
  const source = readEntity('source', direction, rule, protocol?.protocol ?? null, path, scope, findings);
  const destination = readEntity('destination', direction, rule, protocol?.protocol ?? null, path, scope, findings);
  const icmp = readIcmp(rule.icmp, [...path, 'icmp'], findings);
  const notICMP = readIcmp(rule.notICMP, [...path, 'notICMP'], findings);

  if (rule.icmp !== undefined && protocol?.protocol !== 1 && protocol?.protocol !== 58) {
    findings.error([...path, 'icmp'], 'Invalid value: ICMP fields require protocol to be ICMP or ICMPv6');
  }
  for (const version of [protocol?.version, notProtocol?.version]) {
    if (version == null || ipVersion === null || version === ipVersion) continue;
    const name = version === 4 ? 'ICMP' : 'ICMPv6';
    findings.error(
      [...path, 'ipVersion'],
      `Invalid value: ${ipVersion}: protocol ${name} requires ipVersion ${version}`,
    );
  }
  checkFamilies(rule, ipVersion, path, findings);
  const unsupported = unsupportedOf(direction, rule, notICMP, protocol?.protocol ?? null, path, findings);
  if (action === null) return null;
  return {
    action,
    ipVersion,
    protocol: protocol?.protocol ?? null,
    protocolVersion: protocol?.version ?? null,
    notProtocol: notProtocol?.protocol ?? null,
    icmp,
    notICMP,
    source,
    destination,
    unsupported,
    name: `${direction}[${index}]`,
    position: findings.document.at(path),
  };
}

function readVersion(given: number | undefined, path: Path, findings: Findings): 4 | 6 | null {
  if (given === undefined || given === 4 || given === 6) return given ?? null;
  findings.error(path, `Unsupported value: ${given}: supported values: "4", "6"`);
  return null;
}

function readEntity(
  side: 'source' | 'destination',
  direction: 'ingress' | 'egress',
  rule: DecodedRule,
  protocol: number | null,
  rulePath: Path,
  scope: RuleScope,
  findings: Findings,
): EntityRule {
  const path = [...rulePath, side];
  const entity = rule[side] ?? {};
  const nets = (field: 'nets' | 'notNets'): string[] | null => {
    warnOfMany(entity[field], MOST_NETS, [...path, field], findings);
    const read = (entity[field] ?? []).map((net, i) =>
      net === undefined ? null : readNet(net ?? '', [...path, field, i], findings),
    );
    return read.length === 0 ? null : read.filter(net => net !== null).map(({ text }) => text);
  };
  const ports = (field: 'ports' | 'notPorts'): CalicoPort[] | null => {
    const given = entity[field] ?? [];
    if (given.length === 0) return null;
    warnOfMany(given, MOST_PORTS, [...path, field], findings);
    const isUnread = rule.protocol !== undefined && protocol === null;
    if (!isUnread && !PORT_PROTOCOLS.includes(protocol ?? 0)) {
      const message = 'rules that specify ports must set protocol to TCP or UDP or SCTP';
      const hint = rule.protocol === undefined ? `add protocol: TCP beside \`${side}\`` : undefined;
      findings.error([...path, field], `Invalid value: ${message}`, hint);
    }
    return given
      .map((port, i) => (port === undefined ? null : readPort(port ?? '', [...path, field, i], findings)))
      .filter(port => port !== null);
  };
  const expression = (field: 'selector' | 'notSelector') => readExpression(entity[field], [...path, field], findings);
  const { serviceAccounts } = entity;
  const accountPath = [...path, 'serviceAccounts', 'selector'];
  return {
    nets: nets('nets'),
    notNets: nets('notNets'),
    selector: expression('selector'),
    notSelector: expression('notSelector'),
    namespaceSelector: readExpression(entity.namespaceSelector, [...path, 'namespaceSelector'], findings, 'alone'),
    serviceAccounts:
      serviceAccounts === undefined
        ? null
        : {
            names: (serviceAccounts.names ?? []).map(name => name ?? ''),
            selector: readExpression(serviceAccounts.selector, accountPath, findings),
          },
    services: readServices(side, direction, entity, path, scope, findings),
    ports: ports('ports'),
    notPorts: ports('notPorts'),
  };
}

/** (C23) */
function readServices(
  side: 'source' | 'destination',
  direction: 'ingress' | 'egress',
  entity: DecodedEntity,
  path: Path,
  scope: RuleScope,
  findings: Findings,
): EntityRule['services'] {
  const { services } = entity;
  if (services === undefined) return null;
  const at = [...path, 'services'];
  const wrong = (message: string, hint?: string): void => findings.error(at, `Invalid value: ${message}`, hint);
  const allowed = direction === 'egress' ? 'destination' : 'source';
  if (side !== allowed) wrong(`not allowed in ${direction} rule ${side}`, `it can stand in \`${allowed}\``);
  const name = services.name ?? '';
  if (name === '') wrong('must specify a service name');
  if ((entity.namespaceSelector ?? '') !== '') wrong('cannot specify NamespaceSelector and Services on the same rule');
  if ((entity.selector ?? '') !== '' || (entity.notSelector ?? '') !== '') {
    wrong('cannot specify Selector/NotSelector and Services on the same rule');
  }
  if (entity.serviceAccounts !== undefined) wrong('cannot specify ServiceAccounts and Services on the same rule');
  if ((entity.nets ?? []).length > 0 || (entity.notNets ?? []).length > 0) {
    wrong('cannot specify Nets/NotNets and Services on the same rule');
  }
  if (side === 'destination' && ((entity.ports ?? []).length > 0 || (entity.notPorts ?? []).length > 0)) {
    wrong('ports and notPorts cannot be specified with services', "the service's own ports are meant");
  }
  const namespace = services.namespace ?? '';
  if (namespace === '' && (scope.namespace ?? '') === '') wrong('must specify a namespace');
  return { namespace: namespace === '' ? (scope.namespace ?? '') : namespace, name };
}

function readIcmp(given: DecodedIcmp | undefined, path: Path, findings: Findings): Icmp | null {
  if (given === undefined) return null;
  const { type, code } = given;
  const within = (field: 'type' | 'code', most: number): void => {
    const value = given[field];
    if (value === undefined || (value >= 0 && value <= most)) return;
    findings.error([...path, field], `Invalid value: ${value}: must be between 0 and ${most}, inclusive`);
  };
  within('type', 254);
  within('code', 255);
  if (type === undefined && code !== undefined) {
    findings.error([...path, 'code'], `Invalid value: ${code}: ICMP code specified without an ICMP type`);
  }
  return type === undefined ? null : { type, code: code ?? null };
}

/** (C27): one rule has prefixes of one family, and of its ipVersion. */
function checkFamilies(rule: DecodedRule, ipVersion: 4 | 6 | null, path: Path, findings: Findings): void {
  const seen = new Set<4 | 6>();
  // What is wrong with one of them has been told.
  const silent = new Findings(findings.document, []);
  for (const side of ['source', 'destination'] as const) {
    for (const field of ['nets', 'notNets'] as const) {
      const own = new Set<4 | 6>();
      for (const net of rule[side]?.[field] ?? []) {
        const read = typeof net === 'string' ? readNet(net, path, silent) : null;
        if (read !== null) own.add(read.family);
      }
      const at = [...path, side, field];
      for (const family of own) seen.add(family);
      if (own.size > 0 && seen.size > 1) {
        findings.error(at, 'Invalid value: rule contains both IPv4 and IPv6 CIDRs', 'write a rule for each family');
      }
      if (ipVersion !== null && [...own].some(family => family !== ipVersion)) {
        findings.error(at, "Invalid value: rule IP version doesn't match CIDR version", `ipVersion is ${ipVersion}`);
      }
    }
  }
}

/** What cannot be said of packets, or is of other products: told, and never left out in silence. */
function unsupportedOf(
  direction: 'ingress' | 'egress',
  rule: DecodedRule,
  notICMP: Icmp | null,
  protocol: number | null,
  path: Path,
  findings: Findings,
): string[] {
  const fields: string[] = [];
  const undecided = (field: string, at: Path, why: string): void => {
    fields.push(field);
    findings.warn(at, `${why}: what else the rule matches is undecided`);
  };
  if (rule.http !== undefined) {
    const at = [...path, 'http'];
    if (direction === 'egress') findings.error(at, 'Invalid value: not allowed in egress rule');
    if (rule.action !== undefined && rule.action !== 'Allow') {
      findings.error(at, 'Forbidden: HTTP match is only valid on Allow rules');
    }
    if (rule.protocol !== undefined && protocol !== 6) {
      findings.error(at, 'Invalid value: rules with HTTP match must have protocol TCP or unset');
    }
    // (C29)
    undecided('http', at, 'packets do not tell HTTP methods and paths');
  }
  for (const side of ['source', 'destination'] as const) {
    if ((rule[side]?.domains ?? []).length === 0) continue;
    undecided(
      'domains',
      [...path, side, 'domains'],
      'names are not resolved, and domains are a field of Calico Enterprise',
    );
  }
  // (C28)
  if (notICMP !== null && protocol !== 1 && protocol !== 58) {
    undecided('notICMP', [...path, 'notICMP'], 'without protocol ICMP or ICMPv6 its meaning depends on the dataplane');
  }
  return fields;
}

function warnOfMany(list: readonly unknown[] | undefined, most: number, path: Path, findings: Findings): void {
  if ((list ?? []).length <= most) return;
  findings.warn(
    path,
    `Too many: ${list!.length}: must have at most ${most} items`,
    'it is read; newer versions refuse it',
  );
}
