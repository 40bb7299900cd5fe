/**
 * toPorts and icmps of Cilium's rules: decoded -> validated (CI21 to CI27).
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import { FAMILIES, PROTOCOLS } from './fields.js';
import { icmpTypeOf } from './icmp-types.js';
import type { CiliumIcmp, CiliumLayer7, CiliumPort, CiliumPorts } from './model.js';
import { type DecodedHttp, type DecodedName, readHttp, readName } from './names.js';

interface DecodedPort {
  readonly port?: string;
  readonly endPort?: number;
  readonly protocol?: string;
}

interface DecodedLayer7 {
  readonly http?: readonly (DecodedHttp | null | undefined)[];
  readonly dns?: readonly (DecodedName | null | undefined)[];
  readonly kafka?: readonly unknown[];
  readonly l7proto?: string;
  readonly l7?: readonly unknown[];
}

export interface DecodedPorts {
  readonly ports?: readonly (DecodedPort | null | undefined)[];
  readonly terminatingTLS?: unknown;
  readonly originatingTLS?: unknown;
  readonly serverNames?: readonly (string | null | undefined)[];
  readonly listener?: { readonly name?: string };
  readonly rules?: DecodedLayer7;
}

export interface DecodedIcmp {
  readonly fields?: readonly ({ readonly family?: string; readonly type?: number | string } | null | undefined)[];
}

export interface PortsContext {
  readonly direction: 'ingress' | 'egress';
  readonly isDeny: boolean;
  readonly isHost: boolean;
}

const MOST = 40;
/** Without ports (CI23). */
const EXTENDED: ReadonlyMap<string, number> = new Map([
  ['VRRP', 112],
  ['IGMP', 2],
  ['GRE', 47],
  ['IPIP', 4],
  ['IPV6', 41],
  ['ESP', 50],
  ['AH', 51],
]);

export function readPorts(given: DecodedPorts, path: Path, context: PortsContext, findings: Findings): CiliumPorts {
  const entries = given.ports ?? [];
  if (entries.length > MOST) findings.error([...path, 'ports'], `Too many: too many ports, the max is ${MOST}`);
  const ports = entries.flatMap((port, i) => {
    const read = port === undefined ? null : readPort(port ?? {}, [...path, 'ports', i], findings);
    return read === null ? [] : [read];
  });
  const layer7 = context.isDeny ? null : readLayer7(given.rules, path, context, findings);
  if (layer7 !== null) checkLayer7(layer7, ports, path, context, findings);
  const serverNames = (given.serverNames ?? []).map(name => (name ?? '').toLowerCase());
  serverNames.forEach((name, i) => {
    if (name === '') findings.error([...path, 'serverNames', i], 'Required value: empty server name is not allowed');
  });
  if (serverNames.length > 0 && layer7 !== null && given.terminatingTLS === undefined) {
    findings.error(path, 'Forbidden: ServerNames are not allowed with L7 rules without TLS termination');
  }
  if (given.listener !== undefined) {
    const name = given.listener.name ?? '';
    if (context.direction === 'ingress') {
      findings.error([...path, 'listener'], `Forbidden: Listener is not allowed on ingress (${name})`);
    }
    if (layer7 !== null) {
      findings.error([...path, 'listener'], `Forbidden: Listener is not allowed with L7 rules (${name})`);
    }
  }
  const redirects = (['listener', 'terminatingTLS', 'originatingTLS', 'serverNames'] as const).filter(field =>
    field === 'serverNames' ? serverNames.length > 0 : given[field] !== undefined,
  );
  return {
    ports: entries.length === 0 ? null : ports,
    layer7,
    redirects,
    serverNames,
    position: findings.document.at(path),
  };
}

function readPort(given: DecodedPort, path: Path, findings: Findings): CiliumPort | null {
  const { port: text = '', endPort, protocol: word = '' } = given;
  const protocol = PROTOCOLS.find(name => name === (word === '' ? 'ANY' : word));
  if (protocol === undefined) {
    const meant = nearest(word.toUpperCase(), PROTOCOLS);
    const message = `Unsupported value: ${shown(word)}: supported values: ${PROTOCOLS.map(it => `"${it}"`).join(', ')}`;
    findings.error([...path, 'protocol'], message, meant === null ? icmpHint(word) : `did you mean "${meant}"?`);
    return null;
  }
  if (endPort !== undefined && (endPort < 0 || endPort > 65535)) {
    findings.error([...path, 'endPort'], `Invalid value: ${endPort}: should be between 0 and 65535`);
    return null;
  }
  const extended = EXTENDED.get(protocol);
  if (extended !== undefined) {
    if (text !== '' && text !== '0') {
      findings.error(
        [...path, 'port'],
        `Invalid value: ${shown(text)}: port must be empty or 0`,
        `${protocol} has no ports`,
      );
    }
    return { name: null, low: 0, high: 65535, protocol: extended, isUnclear: false };
  }
  const known = protocol as Exclude<CiliumPort['protocol'], number>;
  if (text === '') {
    findings.error([...path, 'port'], 'Required value: port must be specified', 'port: "0" means every port');
    return null;
  }
  // (CI22): the name of a port has a letter; its case does not count, and its endPort is not looked at.
  if (isServiceName(text)) {
    return { name: text.toLowerCase(), low: 0, high: 0, protocol: known, isUnclear: false };
  }
  const number = parsePort(text);
  if (number === null) {
    const message = `Invalid value: ${shown(text)}: unable to parse port`;
    findings.error(
      [...path, 'port'],
      message,
      'a number from 0 to 65535 in quotes, or a name of at most 15 letters, digits and -',
    );
    return null;
  }
  if (number === 0) return { name: null, low: 0, high: 65535, protocol: known, isUnclear: false };
  if (endPort === undefined || endPort === 0 || endPort === number) {
    return { name: null, low: number, high: number, protocol: known, isUnclear: false };
  }
  if (endPort < number) {
    findings.warn(
      [...path, 'endPort'],
      `${endPort} is less than port ${number}: what Cilium makes of that is not known`,
      'packets to a port between the two are undecided: write the lower number in port',
    );
    return { name: null, low: endPort, high: number, protocol: known, isUnclear: true };
  }
  return { name: null, low: number, high: endPort, protocol: known, isUnclear: false };
}

const isServiceName = (text: string): boolean =>
  text.length <= 15 && /^[a-z0-9-]+$/i.test(text) && /[a-z]/i.test(text) && !/^-|-$|--/.test(text);

/** As Go parses numbers: a leading 0 means octal. */
function parsePort(text: string): number | null {
  if (!/^\d{1,6}$/.test(text)) return null;
  const isOctal = text.length > 1 && text.startsWith('0');
  if (isOctal && /[89]/.test(text)) return null;
  const number = Number.parseInt(text, isOctal ? 8 : 10);
  return number <= 65535 ? number : null;
}

const icmpHint = (word: string): string | undefined =>
  /^icmp/i.test(word)
    ? 'ICMP has a field of its own: icmps: [{fields: [{family: IPv4, type: EchoRequest}]}]'
    : undefined;

function readLayer7(
  given: DecodedLayer7 | undefined,
  path: Path,
  { direction }: PortsContext,
  findings: Findings,
): CiliumLayer7 | null {
  const { http, dns, kafka, l7proto = '', l7 } = given ?? {};
  const at = [...path, 'rules'];
  const kinds = [http, dns, kafka].filter(it => it !== undefined).length + (l7proto === '' ? 0 : 1);
  if (kinds > 1) findings.error(at, 'Invalid value: multiple L7 protocol rule types specified in single rule');
  if (l7 !== undefined && l7proto === '') {
    findings.error([...at, 'l7'], "Forbidden: 'l7' may only be specified when a 'l7proto' is also specified");
  }
  if (dns !== undefined) {
    if (direction === 'ingress' && dns.length > 0) {
      findings.error([...at, 'dns'], 'Forbidden: DNS rules are not allowed on ingress');
    }
    const names = dns.flatMap((name, i) => {
      const read = name === undefined ? null : readName(name ?? {}, [...at, 'dns', i], findings);
      return read === null ? [] : [read];
    });
    return { kind: 'dns', rules: names };
  }
  if (http !== undefined) {
    const rules = http.flatMap((rule, i) =>
      rule === undefined ? [] : [readHttp(rule ?? {}, [...at, 'http', i], findings)],
    );
    return { kind: 'http', rules };
  }
  if (kafka !== undefined) return { kind: 'kafka' };
  return l7proto === '' ? null : { kind: 'other', protocol: l7proto };
}

function checkLayer7(
  { kind }: CiliumLayer7,
  ports: readonly CiliumPort[],
  path: Path,
  { isHost, direction }: PortsContext,
  findings: Findings,
): void {
  const at = [...path, 'rules'];
  if (isHost && (direction === 'ingress' || kind !== 'dns')) {
    findings.error(at, `Forbidden: L7 policy is not supported on host ${direction} yet`);
  }
  if (kind === 'dns' && ports.length === 0) {
    findings.error([...path, 'ports'], 'Required value: port 53 must be specified for DNS rules');
  }
  ports.forEach(({ name, low, high, protocol }, i) => {
    const port = [...path, 'ports', i];
    if (name === null && low === 0) findings.error(port, 'Invalid value: L7 rules can not be used when a port is 0');
    else if (kind === 'dns' && high > low) findings.error(port, 'Invalid value: DNS rules do not support port ranges');
    if (kind !== 'dns' && protocol !== 'TCP') {
      const message = `Invalid value: L7 rules can only apply to TCP (not ${protocol}) except for DNS rules`;
      findings.error([...port, 'protocol'], message, 'write protocol: TCP');
    }
  });
}

export function readIcmps(
  given: readonly (DecodedIcmp | null | undefined)[],
  path: Path,
  findings: Findings,
): CiliumIcmp[] {
  return given.flatMap((entry, i) => {
    const fields = entry?.fields ?? [];
    const at = [...path, i, 'fields'];
    if (fields.length > MOST) findings.error(at, `Too many: too many types, the max is ${MOST}`);
    return fields.flatMap((field, j) => {
      if (field === undefined) return [];
      const read = readIcmp(field ?? {}, [...at, j], findings);
      return read === null ? [] : [read];
    });
  });
}

function readIcmp(
  given: { family?: string; type?: number | string },
  path: Path,
  findings: Findings,
): CiliumIcmp | null {
  const { family: word = 'IPv4', type } = given;
  const family = word === 'IPv4' || word === 'IPv6' ? FAMILIES[word] : null;
  if (family === null) {
    findings.error([...path, 'family'], `Unsupported value: ${shown(word)}: supported values: "IPv4", "IPv6"`);
    return null;
  }
  if (type === undefined) {
    findings.error([...path, 'type'], 'Required value', 'a number from 0 to 255, or a name such as EchoRequest');
    return null;
  }
  const number = icmpTypeOf(type, family);
  if (number === null) {
    const hint = `a number from 0 to 255, or the name of a type of ${word}`;
    findings.error([...path, 'type'], `Invalid value: ${shown(type)}: no type of ICMP for ${word}`, hint);
    return null;
  }
  return { family, type: number };
}
