/**
 * RuleList -> forward rules: ordered 5-tuple rules in YAML, without Kubernetes (cold).
 *
 * In:  a file of RuleList documents: `default: allow | deny` and `rules`, of which the first that matches decides:
 *   { name, action: allow | deny, source, destination, protocol, sourcePorts, destinationPorts, icmpType, icmpCode }
 * source and destination are a prefix or a list of them, absent = both families; protocol is a name or a number; ports
 * are numbers, "low-high" ranges, or lists of them. All fields but `action` may be absent, which means any.
 * Out: one tier a document, and every problem at once, with its position; nothing is thrown for bad input.
 */
import type { KubernetesDocument, Path, Position, Problem } from '../documents/document.js';
import { readDocuments } from '../documents/read.js';
import { everywhere, fromCidr, union } from './addresses.js';
import { portSet } from './ports.js';
import { hasPorts, ICMP, ICMPV6, PROTOCOL_NUMBERS, protocolName } from './protocols.js';
import type { RuleFileContent } from './rule-files.js';
import type { AddressSet, PortSet, Rule, Tier } from './ruleset.js';

const LIST_FIELDS = ['apiVersion', 'kind', 'metadata', 'default', 'rules'];
const RULE_FIELDS = [
  'name',
  'action',
  'source',
  'destination',
  'protocol',
  'sourcePorts',
  'destinationPorts',
  'icmpType',
  'icmpCode',
];
/** What people write who mean a field. */
const MEANT: Readonly<Record<string, string>> = {
  src: 'source',
  from: 'source',
  dst: 'destination',
  to: 'destination',
  proto: 'protocol',
  protocols: 'protocol',
  ports: 'destinationPorts',
  port: 'destinationPorts',
  destinationPort: 'destinationPorts',
  dport: 'destinationPorts',
  dports: 'destinationPorts',
  sourcePort: 'sourcePorts',
  sport: 'sourcePorts',
  sports: 'sourcePorts',
  icmp: 'icmpType',
  type: 'icmpType',
  code: 'icmpCode',
  verdict: 'action',
  target: 'action',
  policy: 'default',
};

const ANYWHERE = everywhere([]);

export function readRuleList(text: string, file: string): RuleFileContent {
  const read = readDocuments(text, file);
  const problems: Problem[] = [...read.problems];
  const rules: Rule[] = [];
  const tiers: Tier[] = [];
  for (const document of read.documents) {
    if (document.kind === 'RuleList') {
      tiers.push(readList(document, file, tiers.length, rules, problems));
    } else {
      const { position } = document;
      const message = `kind: Unsupported value: ${JSON.stringify(document.kind)}: a rule file holds kind: RuleList`;
      problems.push({ severity: 'error', position, message, hint: 'give policies with -p and the cluster with -c' });
    }
  }
  if (read.documents.length === 0 && problems.length === 0) {
    const position = { file, line: 1, column: 1 };
    const hint = 'write kind: RuleList, or ClassBench filters, whose lines begin with @';
    problems.push({ severity: 'error', position, message: 'the file holds no rules', hint });
  }
  return { tiers, rules, problems };
}

function readList(document: KubernetesDocument, file: string, tier: number, rules: Rule[], problems: Problem[]): Tier {
  const reader = createReader(document, problems);
  const { object } = document;
  reader.unknownFields(object, [], LIST_FIELDS, 'a RuleList');
  const end = object['default'];
  if (end !== 'allow' && end !== 'deny') {
    const given = end === undefined ? 'Required value' : `Unsupported value: ${JSON.stringify(end)}`;
    reader.error(['default'], `default: ${given}: supported values: "allow", "deny"`, 'say what no rule matches');
  }
  const list = object['rules'];
  const own: Rule[] = [];
  if (list !== undefined && list !== null && !Array.isArray(list)) reader.error(['rules'], 'rules: must be a list');
  for (const [i, value] of (Array.isArray(list) ? list : []).entries()) {
    const match = reader.rule(value, ['rules', i]);
    if (match === null) continue;
    const { name, ...fields } = match;
    const position = document.at(['rules', i]);
    const origin = { kind: 'RuleList', policy: file, rule: name ?? `rules[${i}]`, position };
    const rule: Rule = { index: rules.length, direction: 'forward', tier, ...fields, origin };
    rules.push(rule);
    own.push(rule);
  }
  const origin = { kind: 'RuleList', policy: file, rule: 'default', position: document.at(['default']) };
  const isolations = end === 'deny' ? [{ direction: 'forward' as const, tier, subjects: ANYWHERE, origin }] : [];
  return { name: file, rules: own, isolations };
}

type Match = Pick<Rule, 'subjects' | 'peers' | 'protocol' | 'sourcePorts' | 'destinationPorts' | 'icmp' | 'action'>;

function createReader(document: KubernetesDocument, problems: Problem[]) {
  let failed = false;

  function report(severity: Problem['severity'], position: Position, message: string, hint?: string): void {
    problems.push({ severity, position, message, ...(hint === undefined ? {} : { hint }) });
  }

  function error(path: Path, message: string, hint?: string): void {
    failed = true;
    report('error', document.at(path), message, hint);
  }

  function unknownFields(object: Record<string, unknown>, path: Path, known: readonly string[], what: string): void {
    for (const field of Object.keys(object)) {
      if (known.includes(field)) continue;
      const meant = Object.hasOwn(MEANT, field)
        ? MEANT[field]!
        : known.find(k => k.toLowerCase() === field.toLowerCase());
      const message = `${JSON.stringify(field)} is not a field of ${what}`;
      const hint = meant !== undefined && known.includes(meant) ? `did you mean ${JSON.stringify(meant)}?` : undefined;
      report('warning', document.at([...path, field]), message, hint);
    }
  }

  function addresses(value: unknown, path: Path): AddressSet {
    if (value === undefined || value === null) return ANYWHERE;
    const texts = Array.isArray(value) ? value : [value];
    const sets: AddressSet[] = [];
    for (const [i, text] of texts.entries()) {
      const set = typeof text === 'string' ? fromCidr(text) : null;
      if (set !== null) sets.push(set);
      else {
        const at = Array.isArray(value) ? [...path, i] : path;
        error(
          at,
          `${format(at)}: Invalid value: ${JSON.stringify(text)}: must be an address or a prefix, as 10.0.0.0/8`,
        );
      }
    }
    if (texts.length === 0)
      error(path, `${format(path)}: Invalid value: []: an empty list matches nothing`, 'leave it out for any');
    return sets.length === 0 ? ANYWHERE : union(sets);
  }

  function ports(value: unknown, path: Path): PortSet | null {
    if (value === undefined || value === null) return null;
    const items = Array.isArray(value) ? value : [value];
    const flat: number[] = [];
    for (const [i, item] of items.entries()) {
      const range = portRange(item);
      if (range !== null) flat.push(...range);
      else {
        const at = Array.isArray(value) ? [...path, i] : path;
        const message = `must be a port (0-65535) or a range, as "8000-8100"`;
        error(at, `${format(at)}: Invalid value: ${JSON.stringify(item)}: ${message}`);
      }
    }
    if (items.length === 0)
      error(path, `${format(path)}: Invalid value: []: an empty list matches nothing`, 'leave it out for any');
    return portSet(flat);
  }

  function protocol(value: unknown, path: Path): number | null {
    if (value === undefined || value === null) return null;
    const name = typeof value === 'string' ? value.toLowerCase().replaceAll('-', '') : '';
    if (name === 'any') return null;
    const number =
      typeof value === 'number' ? value : /^\d{1,3}$/.test(name) ? Number(name) : PROTOCOL_NUMBERS.get(name);
    if (number !== undefined && Number.isInteger(number) && number >= 0 && number <= 255) return number;
    error(
      path,
      `${format(path)}: Invalid value: ${JSON.stringify(value)}: must be a protocol's name or number (0-255)`,
    );
    return null;
  }

  function byte(value: unknown, path: Path): number | null {
    if (value === undefined || value === null) return null;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255) return value;
    error(path, `${format(path)}: Invalid value: ${JSON.stringify(value)}: must be between 0 and 255, inclusive`);
    return null;
  }

  /** null where something is wrong with it. */
  function rule(value: unknown, path: Path): (Match & { name: string | null }) | null {
    failed = false;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      error(
        path,
        `${format(path)}: Invalid value: ${JSON.stringify(value)}: must be a rule`,
        'as { action: allow, protocol: TCP }',
      );
      return null;
    }
    const object = value as Record<string, unknown>;
    unknownFields(object, path, RULE_FIELDS, 'a rule');
    const at = (field: string): Path => [...path, field];
    const { name, action } = object;
    if (name !== undefined && name !== null && typeof name !== 'string')
      error(at('name'), `${format(at('name'))}: must be a string`, 'quote it');
    if (action !== 'allow' && action !== 'deny') {
      const given = action === undefined ? 'Required value' : `Unsupported value: ${JSON.stringify(action)}`;
      error(at('action'), `${format(at('action'))}: ${given}: supported values: "allow", "deny"`);
    }
    const subjects = addresses(object['source'], at('source'));
    const peers = addresses(object['destination'], at('destination'));
    const number = protocol(object['protocol'], at('protocol'));
    const sourcePorts = ports(object['sourcePorts'], at('sourcePorts'));
    const destinationPorts = ports(object['destinationPorts'], at('destinationPorts'));
    const type = byte(object['icmpType'], at('icmpType'));
    const code = byte(object['icmpCode'], at('icmpCode'));
    const field = sourcePorts !== null ? 'sourcePorts' : 'destinationPorts';
    if ((sourcePorts !== null || destinationPorts !== null) && number !== null && !hasPorts(number)) {
      error(at(field), `${format(at(field))}: may not be specified: ${protocolName(number)} has no ports`);
    }
    if (type !== null && number !== ICMP && number !== ICMPV6) {
      error(at('icmpType'), `${format(at('icmpType'))}: may only be specified with protocol ICMP or ICMPv6`);
    }
    if (code !== null && type === null) {
      error(at('icmpCode'), `${format(at('icmpCode'))}: may not be specified when \`icmpType\` is not specified`);
    }
    if (failed) return null;
    return {
      name: typeof name === 'string' && name !== '' ? name : null,
      action: action as 'allow' | 'deny',
      subjects,
      peers,
      protocol: number,
      sourcePorts,
      destinationPorts,
      icmp: type === null ? null : { type, code },
    };
  }

  return { error, unknownFields, rule };
}

function portRange(item: unknown): [number, number] | null {
  const text = typeof item === 'number' ? `${item}` : item;
  const parts = typeof text === 'string' ? /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text.trim()) : null;
  if (parts === null) return null;
  const low = Number(parts[1]);
  const high = parts[2] === undefined ? low : Number(parts[2]);
  return low <= high && high <= 65535 ? [low, high] : null;
}

/** As the API server prints paths: rules[0].source. */
const format = (path: Path): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('');
