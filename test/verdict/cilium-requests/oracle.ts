/**
 * What becomes of a request under policies of Cilium, straight from the facts CI1 to CI7, CI21, CI22, CI25 and CI26 of
 * docs/dialects/cilium.md: it knows no sets, rules or tiers, and reads policies as they are written.
 *
 * In:  documents, the cluster's pods, a connection, what is asked on it.  Out: of a connection whether it is refused, open,
 * or looked into; of a request `allowed`, `denied` with the side that refuses first, or `undecided`.
 */
export interface OraclePod {
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly v4: string;
  readonly v6: string;
  /** The number of its port named `web`. */
  readonly web: number;
}

export interface OracleConnection {
  /** A pod, or an address of the world. */
  readonly source: OraclePod | string;
  readonly destination: OraclePod | string;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

export interface OracleRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly fields: readonly (readonly [string, string])[];
}

export type Raw = Readonly<Record<string, unknown>>;
type Labels = Readonly<Record<string, string>>;

/** `asked`: rules of one side, each a list of HTTP or DNS rules. */
export type Side = 'refused' | 'open' | { readonly asked: readonly Raw[] };
export type Answer = 'allowed' | 'undecided' | { readonly deniedBy: 'egress' | 'ingress' };

/** @returns of both sides, egress first; null where a side is no pod */
export function sidesOf(policies: readonly Raw[], connection: OracleConnection): readonly (Side | null)[] {
  return (['egress', 'ingress'] as const).map(way => sideOf(policies, connection, way));
}

function sideOf(policies: readonly Raw[], connection: OracleConnection, way: 'egress' | 'ingress'): Side | null {
  const { source, destination } = connection;
  const [subject, peer] = way === 'egress' ? [source, destination] : [destination, source];
  if (typeof subject === 'string') return null;
  let isIsolated = false;
  let isAllowed = false;
  const asked: Raw[] = [];
  for (const policy of policies) {
    const { namespace = '' } = policy['metadata'] as { namespace?: string };
    const spec = policy['spec'] as Raw;
    if (policy['kind'] === 'NetworkPolicy') {
      const isAbout = namespace === subject.namespace && hasLabels(spec['podSelector'] as Raw, subject);
      if (!isAbout || !(spec['policyTypes'] as string[]).some(it => it.toLowerCase() === way)) continue;
      isIsolated = true;
      isAllowed ||= plainRules(spec, way).some(rule => plainMatches(rule, way, namespace, peer, connection));
      continue;
    }
    // (CI6)
    if (namespace !== '' && namespace !== subject.namespace) continue;
    if (!hasLabels(spec['endpointSelector'] as Raw, subject)) continue;
    const allows = (spec[way] ?? []) as Raw[];
    const denies = (spec[`${way}Deny`] ?? []) as Raw[];
    // (CI7)
    const defaultDeny = ((spec['enableDefaultDeny'] ?? {}) as Record<string, boolean>)[way] ?? true;
    if (allows.length + denies.length > 0 && defaultDeny) isIsolated = true;
    // (CI2)
    if (denies.some(rule => matches(rule, way, namespace, peer, connection).length > 0)) return 'refused';
    for (const rule of allows) {
      for (const entry of matches(rule, way, namespace, peer, connection)) {
        const { http, dns } = (entry['rules'] ?? {}) as { http?: Raw[]; dns?: Raw[] };
        const isEmpty = (http ?? dns ?? []).length === 0;
        // (CI25), (CI26)
        if (isEmpty || dns?.some(it => it['matchPattern'] === '*')) isAllowed = true;
        else asked.push(entry['rules'] as Raw);
      }
    }
  }
  // (CI3)
  if (isAllowed) return 'open';
  if (asked.length > 0) return { asked };
  return isIsolated ? 'refused' : 'open';
}

/** @returns the entries of toPorts that match; `{}` for a rule without */
function matches(
  rule: Raw,
  way: 'egress' | 'ingress',
  namespace: string,
  peer: OraclePod | string,
  connection: OracleConnection,
): readonly Raw[] {
  const word = way === 'egress' ? 'to' : 'from';
  const entries = rule['toPorts'] as Raw[] | undefined;
  const members = ['Endpoints', 'CIDR', 'Entities'].filter(it => rule[`${word}${it}`] !== undefined);
  // (CI5)
  if (members.length === 0 && entries === undefined) return [];
  const isPeer = members.every(member =>
    (rule[`${word}${member}`] as (Raw | string)[]).some(it => isMeant(it, namespace, peer)),
  );
  if (!isPeer) return [];
  if (entries === undefined) return [{}];
  return entries.filter(entry => (entry['ports'] as Raw[]).some(port => hasPort(port, connection)));
}

function isMeant(it: Raw | string, namespace: string, peer: OraclePod | string): boolean {
  if (typeof it !== 'string') {
    if (typeof peer === 'string') return false;
    const labels = (it['matchLabels'] ?? {}) as Labels;
    const asked = labels['k8s:io.kubernetes.pod.namespace'];
    // (CI8)
    const inNamespace =
      asked === undefined ? namespace === '' || peer.namespace === namespace : peer.namespace === asked;
    return inNamespace && hasLabels(it, peer);
  }
  if (it.includes('/')) return typeof peer === 'string' && peer.includes(':') === it.includes(':');
  if (it === 'all') return true;
  return (it === 'world') === (typeof peer === 'string');
}

const hasLabels = (selector: Raw, pod: OraclePod): boolean => {
  const { app } = (selector['matchLabels'] ?? {}) as Labels;
  return app === undefined || app === pod.app;
};

/** (CI22) */
function hasPort({ port, endPort, protocol = 'ANY' }: Raw, connection: OracleConnection): boolean {
  if (protocol !== 'ANY' && protocol !== connection.protocol) return false;
  if (port === 'web') {
    const { destination } = connection;
    return connection.protocol === 'TCP' && typeof destination !== 'string' && destination.web === connection.port;
  }
  const low = Number(port);
  return low === 0 || (connection.port >= low && connection.port <= ((endPort as number | undefined) ?? low));
}

const plainRules = (spec: Raw, way: 'egress' | 'ingress'): Raw[] => (spec[way] ?? []) as Raw[];

function plainMatches(
  rule: Raw,
  way: 'egress' | 'ingress',
  namespace: string,
  peer: OraclePod | string,
  { protocol, port }: OracleConnection,
): boolean {
  const peers = rule[way === 'egress' ? 'to' : 'from'] as Raw[] | undefined;
  const ports = rule['ports'] as Raw[] | undefined;
  const isPeer =
    peers === undefined ||
    peers.some(
      it => typeof peer !== 'string' && peer.namespace === namespace && hasLabels(it['podSelector'] as Raw, peer),
    );
  return isPeer && (ports === undefined || ports.some(it => it['protocol'] === protocol && it['port'] === port));
}

/** A request must pass on both sides; the first that refuses is named. */
export function answerOf(sides: readonly (Side | null)[], request: OracleRequest | string): Answer {
  let isOpen = false;
  for (const [i, side] of sides.entries()) {
    if (side === null || typeof side === 'string') continue;
    const answers = side.asked.flatMap(({ http, dns }) =>
      typeof request === 'string'
        ? ((dns ?? []) as Raw[]).map(rule => namePasses(rule, request))
        : ((http ?? []) as Raw[]).map(rule => httpPasses(rule, request)),
    );
    if (answers.includes(true)) continue;
    if (!answers.includes(null)) return { deniedBy: i === 0 ? 'egress' : 'ingress' };
    isOpen = true;
  }
  return isOpen ? 'undecided' : 'allowed';
}

const whole = (expression: unknown, value: string): boolean => new RegExp(`^(?:${expression})$`).test(value);

/** (CI25); null: it cannot be told. */
function httpPasses(rule: Raw, { method, path, host, fields }: OracleRequest): boolean | null {
  const parts: (boolean | null)[] = [];
  if (rule['method'] !== undefined) parts.push(whole(rule['method'], method));
  if (rule['host'] !== undefined) parts.push(whole(rule['host'], host));
  if (rule['path'] !== undefined) {
    const answers = new Set([...readings(path)].map(it => whole(rule['path'], it)));
    parts.push(answers.size === 1 ? [...answers][0]! : null);
  }
  const valuesOf = (name: string): string[] =>
    fields.filter(([it]) => it.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const has = (name: string, value: string | undefined): boolean | null => {
    const values = valuesOf(name);
    if (values.length === 0) return false;
    if (value === undefined) return true;
    if (values.length === 1) return values[0] === value;
    return values.join(',') === value ? true : null;
  };
  for (const line of (rule['headers'] ?? []) as string[]) {
    const [name = '', value] = line.split(/:? /);
    parts.push(has(name, value));
  }
  for (const it of (rule['headerMatches'] ?? []) as Raw[]) {
    if (it['mismatch'] !== undefined) continue;
    parts.push(it['secret'] === undefined ? has(it['name'] as string, it['value'] as string | undefined) : null);
  }
  return parts.includes(false) ? false : parts.includes(null) ? null : true;
}

/** All that proxies may make of a path, each step taken or not, in any order. */
function readings(path: string): Set<string> {
  const query = path.includes('?') ? path.slice(path.indexOf('?')) : '';
  const found = new Set([path.slice(0, path.length - query.length)]);
  const steps: ((text: string) => string)[] = [
    text => text.replace(/%(2[dDeE]|5[fF]|7[eE]|3\d|[46][1-9a-fA-F]|[57][0-9aA])/g, it => decodeURIComponent(it)),
    text => text.replace(/%2[fF]/g, '/').replace(/%5[cC]/g, '\\'),
    text => text.split('\\').join('/'),
    text => text.replace(/\/{2,}/g, '/'),
    text => new URL(`http://h${text.replace(/%/g, 'PERCENT')}`).pathname.replace(/PERCENT/g, '%'),
  ];
  for (const text of found) {
    for (const [i, step] of steps.entries()) {
      // URL's own reader takes a backslash for a slash.
      if (i === 4 && text.includes('\\')) continue;
      found.add(step(text));
    }
  }
  return new Set([...found].map(text => text + query));
}

/** (CI26): a star stands for characters of one label, `**.` for whole labels; names in any case. */
function namePasses(rule: Raw, asked: string): boolean {
  const name = asked.toLowerCase();
  if (rule['matchName'] !== undefined) return (rule['matchName'] as string).toLowerCase() === name;
  const pattern = (rule['matchPattern'] as string).toLowerCase();
  const label = '[-a-z0-9_]';
  const expression = pattern
    .replace(/^\*\*\./, '+')
    .replaceAll('.', '[.]')
    .replaceAll('*', `${label}*`)
    .replace(/^\+/, `(${label}+[.])+`);
  return whole(expression, name);
}
