/**
 * Fields and `when` keys of AuthorizationPolicy: which attribute each asks about, and what its values may be.
 *
 * In:  a field's or key's name, values.  Out: the attribute; findings about values, in the webhook's words where it has
 * them, and a warning where the attribute cannot be judged (IS17 to IS19).
 */
import { parseAddress, parseBlock } from '../../cluster/address.js';
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import type { IstioAttribute } from './model.js';
import { templateComplaint } from './templates.js';

export type Maybe<T> = readonly (T | null | undefined)[];
export type Check = (value: string, at: Path, findings: Findings) => void;

const HTTP_ONLY: ReadonlySet<IstioAttribute> = new Set(['host', 'method', 'path', 'request.headers', 'request.auth']);

/** (IS9, IS10): connections without HTTP do not have it. */
export const isHttpOnly = (attribute: IstioAttribute): boolean => HTTP_ONLY.has(attribute);

const anything: Check = () => {};

/** (IS14) */
const checkBlock: Check = (value, at, findings) => {
  const hasSlash = value.includes('/');
  // As Go reads them: without leading zeros, and a prefix has no zone.
  const plain = hasSlash ? value : value.replace(/%[^%]+$/, '');
  const isStrict = !/(?:^|[.:])0\d+\./.test(plain) && !/\/0\d/.test(plain);
  const parsed = hasSlash ? parseBlock(plain) : parseAddress(plain);
  if (parsed !== null && isStrict) return;
  const what = hasSlash ? 'bad CIDR range' : 'bad IP address';
  findings.error(at, `Invalid value: ${shown(value)}: ${what}`, 'an address, 203.0.113.4, or a block, 203.0.113.0/24');
};

/** As Go's ParseUint: digits alone. */
const checkPort: Check = (value, at, findings) => {
  if (/^\d+$/.test(value) && Number(value) <= 65535) return;
  const hint = /[a-z]/i.test(value)
    ? 'ports have no names here: write the number, in quotes'
    : 'a number from 0 to 65535, in quotes';
  findings.error(at, `Invalid value: ${shown(value)}: bad port`, hint);
};

/** (IS12) */
const checkPrincipal: Check = (value, at, findings) => {
  if (value.startsWith('spiffe://')) {
    findings.warn(
      at,
      'matches nothing: spiffe:// is put in front of it',
      `write ${shown(value.slice('spiffe://'.length))}`,
    );
  } else if (value !== '*' && value.startsWith('*') && /[*+?()[\]{}|^$\\]/.test(value.slice(1))) {
    findings.warn(
      at,
      'is read as a regular expression: what it matches is undecided',
      'one * at the beginning or at the end',
    );
  } else if (/[^*]\*./.test(value)) {
    findings.warn(at, 'matches nothing: a * stands for something at the beginning or at the end alone');
  }
};

/** (IS13) */
const checkNamespace: Check = (value, at, findings) => {
  if (/^[a-z0-9*-]+$/.test(value)) return;
  const hint = 'names of namespaces have lower case letters, digits and -';
  findings.warn(
    at,
    `${shown(value)} is no namespace: it is read as a regular expression, and what it matches is undecided`,
    hint,
  );
};

/** (IS13) */
const checkAccount: Check = (value, at, findings) => {
  const parts = value.split('/');
  const complaint = value.includes('*')
    ? 'wildcard not allowed'
    : parts.length > 2 || parts.includes('')
      ? "expected format 'serviceAccount' or 'namespace/serviceAccount'"
      : value.length > 320
        ? 'value cannot exceed 320 characters'
        : null;
  if (complaint !== null) findings.error(at, `Invalid value: ${shown(value)}: ${complaint}`);
};

/** (IS15) */
const checkPath: Check = (value, at, findings) => {
  const complaint = templateComplaint(value);
  if (complaint === null) return;
  if (complaint.isRefused) {
    findings.error(at, `Invalid value: ${shown(value)}: invalid or unsupported path template`, complaint.text);
  } else {
    findings.warn(
      at,
      `${shown(value)} is no path template that the proxy takes: what it matches is undecided`,
      complaint.text,
    );
  }
};

const checkMethod: Check = (value, at, findings) => {
  if (value === value.toUpperCase()) return;
  findings.warn(
    at,
    'methods are compared with their case: requests have them in capitals',
    `write ${shown(value.toUpperCase())}`,
  );
};

interface Field {
  readonly attribute: IstioAttribute;
  readonly check: Check;
}

/** Fields of sources and operations; each has its negation. */
export const FIELDS: Readonly<Record<string, Field>> = {
  principals: { attribute: 'source.principal', check: checkPrincipal },
  requestPrincipals: { attribute: 'request.auth', check: anything },
  serviceAccounts: { attribute: 'source.serviceAccount', check: checkAccount },
  namespaces: { attribute: 'source.namespace', check: checkNamespace },
  ipBlocks: { attribute: 'source.ip', check: checkBlock },
  remoteIpBlocks: { attribute: 'remote.ip', check: checkBlock },
  hosts: { attribute: 'host', check: anything },
  ports: { attribute: 'destination.port', check: checkPort },
  methods: { attribute: 'method', check: checkMethod },
  paths: { attribute: 'path', check: checkPath },
};

const KEYS: Readonly<Record<string, Field>> = {
  'source.ip': { attribute: 'source.ip', check: checkBlock },
  'source.namespace': { attribute: 'source.namespace', check: checkNamespace },
  'source.principal': { attribute: 'source.principal', check: checkPrincipal },
  'source.serviceAccount': { attribute: 'source.serviceAccount', check: checkAccount },
  'remote.ip': { attribute: 'remote.ip', check: checkBlock },
  'destination.ip': { attribute: 'destination.ip', check: checkBlock },
  'destination.port': { attribute: 'destination.port', check: checkPort },
  'connection.sni': { attribute: 'connection.sni', check: anything },
  'request.auth.principal': { attribute: 'request.auth', check: anything },
  'request.auth.audiences': { attribute: 'request.auth', check: anything },
  'request.auth.presenter': { attribute: 'request.auth', check: anything },
};

/** Keys with a name in brackets. */
const MAPS: readonly (readonly [string, IstioAttribute])[] = [
  ['request.headers', 'request.headers'],
  ['request.auth.claims', 'request.auth'],
  ['experimental.envoy.filters.', 'experimental'],
];

export const CONDITIONS = [...Object.keys(KEYS), 'request.headers[NAME]', 'request.auth.claims[NAME]'].join(', ');

const GONE: readonly (readonly [RegExp, string])[] = [
  [/^destination\.namespace$/, 'is replaced by the metadata.namespace'],
  [/^destination\.labels/, 'is replaced by the workload selector'],
  [/^destination\.(?:name|user)$/, 'is deprecated: only supported in v1alpha1'],
];

/** @returns null where a finding says what is wrong with the key */
export function conditionOf(key: string, path: Path, findings: Findings): (Field & { readonly header: string }) | null {
  const plain = Object.hasOwn(KEYS, key) ? KEYS[key]! : null;
  if (plain !== null) return { ...plain, header: '' };
  for (const [prefix, attribute] of MAPS) {
    if (!key.startsWith(prefix)) continue;
    const open = key.indexOf('[');
    const isFormed = key.endsWith(']') && open > 0 && open < key.length - 2;
    if (!isFormed || (attribute === 'request.headers' && open !== prefix.length)) {
      const message = `Invalid value: ${shown(key)}: bad key: should have format a[b]`;
      findings.error(path, message, `${prefix}${prefix.endsWith('.') ? 'FILTER' : ''}[NAME]`);
      return null;
    }
    const header = attribute === 'request.headers' ? key.slice(open + 1, -1).toLowerCase() : '';
    return { attribute, header, check: anything };
  }
  const gone = GONE.find(([pattern]) => pattern.test(key));
  const names = [...Object.keys(KEYS), ...MAPS.map(([prefix]) => prefix)];
  const meant = nearest(key.replace(/\[.*$/, ''), names);
  const hint = meant === null ? `it is one of ${CONDITIONS}` : `did you mean "${meant}"?`;
  const message = gone === undefined ? 'unknown attribute' : `attribute ${gone[1]}`;
  findings.error(path, `Invalid value: ${shown(key)}: ${message}`, gone === undefined ? hint : undefined);
  return null;
}

const UNDECIDED: Partial<Readonly<Record<IstioAttribute, string>>> = {
  'request.auth': 'what is in a token is not judged',
  'remote.ip': 'the address that proxies in front report is not known',
  'connection.sni': 'the server name of TLS is not judged',
  experimental: "the proxy's own metadata are not known",
};

/** (IS17 to IS19): read, but not judged. */
export function noteTerm(attribute: IstioAttribute, path: Path, findings: Findings): void {
  const reason = UNDECIDED[attribute];
  if (reason === undefined) return;
  findings.warn(path, `${reason}: what depends on it is undecided`, 'rules without it are judged as they are');
}
