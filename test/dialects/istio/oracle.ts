/**
 * What AuthorizationPolicies mean, straight from docs/dialects/istio.md: the oracle of the mesh.
 *
 * It knows worlds instead of three truths: whatever no document tells is a coin (is the silent source in the mesh? does this
 * token match? what does the provider answer?), and every world of coins is decided with plain yes and no. It shares no
 * code with src/mesh: strings and paths are regular expressions and URLs here, blocks are Node's.
 */
import { BlockList, isIPv4 } from 'node:net';

export interface PodSpec {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly account: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As the facts have it: IS20 to IS22. */
  readonly state: 'sidecar' | 'ambient' | 'none' | 'silent';
}

export interface Condition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

export type Fields = Readonly<Record<string, readonly string[]>>;

export interface RuleSpec {
  readonly from?: readonly { readonly source: Fields }[];
  readonly to?: readonly { readonly operation: Fields }[];
  readonly when?: readonly Condition[];
}

export interface PolicySpec {
  readonly namespace: string;
  readonly name: string;
  readonly action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  readonly matchLabels: Readonly<Record<string, string>> | null;
  readonly dryRun: boolean;
  readonly rules: readonly RuleSpec[];
}

export interface RequestSpec {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Situation {
  readonly pods: readonly PodSpec[];
  readonly policies: readonly PolicySpec[];
  readonly source: PodSpec | null;
  readonly sourceIp: string;
  readonly destination: PodSpec;
  readonly port: number;
  /** null: no HTTP. */
  readonly request: RequestSpec | null;
}

export type Plain = 'allowed' | 'denied';

/** What happens in every world; the verdicts of all of them. */
export function worlds(situation: Situation): {
  readonly verdicts: readonly Plain[];
  readonly coins: readonly string[];
} {
  const coins: string[] = [];
  const verdicts: Plain[] = [];
  // A first run with all coins false names some; others turn up behind them.
  for (let world = 0; ; world++) {
    const flip = (name: string): boolean => {
      let at = coins.indexOf(name);
      if (at < 0) at = coins.push(name) - 1;
      return ((world >> at) & 1) === 1;
    };
    verdicts.push(decide(situation, flip));
    if (world + 1 >= 2 ** coins.length) break;
  }
  return { verdicts, coins };
}

type Flip = (coin: string) => boolean;

const OPAQUE = ['requestPrincipals', 'remoteIpBlocks'];
const HTTP_FIELDS = ['hosts', 'methods', 'paths', 'requestPrincipals'];
const isHttpKey = (key: string): boolean => /^request\./.test(key);
const LAYER_4_KEYS = ['source.ip', 'source.namespace', 'source.principal', 'destination.ip', 'destination.port'];
const LAYER_4_FIELDS = ['principals', 'namespaces', 'serviceAccounts', 'ipBlocks', 'ports'];
const positive = (field: string): string =>
  /^not[A-Z]/.test(field) ? field[3]!.toLowerCase() + field.slice(4) : field;

function decide(situation: Situation, flip: Flip): Plain {
  const { policies, destination, pods } = situation;
  const about = policies.filter(
    it =>
      !it.dryRun &&
      (it.namespace === destination.namespace || it.namespace === 'istio-system') &&
      Object.entries(it.matchLabels ?? {}).every(([key, value]) => destination.labels[key] === value),
  );
  if (about.length === 0 || destination.state === 'none') return 'allowed';
  const isShown = pods.some(({ state }) => state === 'sidecar' || state === 'ambient');
  const matching = (action: PolicySpec['action']): boolean =>
    about.some(
      (policy, p) =>
        policy.action === action &&
        policy.rules.some((rule, r) =>
          ruleMatches(policy, rule, situation, isShown, it => flip(`${p}.${r} ${it}`), flip),
        ),
    );
  const isAmbient = destination.state === 'ambient';
  if (!isAmbient && matching('CUSTOM') && flip('the provider denies')) return 'denied';
  if (matching('DENY')) return 'denied';
  return !about.some(({ action }) => action === 'ALLOW') || matching('ALLOW') ? 'allowed' : 'denied';
}

/** @param own coins of this rule alone */
function ruleMatches(
  { action, namespace }: PolicySpec,
  { from = [], to = [], when = [] }: RuleSpec,
  situation: Situation,
  isShown: boolean,
  own: Flip,
  flip: Flip,
): boolean {
  const isAmbient = situation.destination.state === 'ambient';
  const isMissingField = (field: string): boolean =>
    isAmbient
      ? !LAYER_4_FIELDS.includes(positive(field))
      : situation.request === null && HTTP_FIELDS.includes(positive(field));
  const isMissingKey = (key: string): boolean =>
    isAmbient ? !LAYER_4_KEYS.includes(key) : situation.request === null && isHttpKey(key);
  const fields = [...from.map(it => it.source), ...to.map(it => it.operation)];
  const lacks = fields.some(it => Object.keys(it).some(isMissingField)) || when.some(it => isMissingKey(it.key));
  if (action === 'ALLOW' && lacks) return false;

  const identity = (): { namespace: string; account: string } | null => {
    const { source } = situation;
    if (source === null || source.state === 'none') return null;
    if (source.state === 'silent' && isShown && !flip('the source is in the mesh')) return null;
    return source;
  };
  const valueMatches = (field: string, value: string): boolean => {
    const { sourceIp, destination, port, request } = situation;
    if (field === 'ipBlocks') return inBlock(value, sourceIp);
    if (field === 'destinationIp') return inBlock(value, destination.ip);
    if (field === 'ports') return port === Number(value);
    const who = identity();
    if (field === 'principals' || field === 'namespaces' || field === 'serviceAccounts') {
      if (who === null) return false;
      return isAmbient ? byName(field, value, who, namespace) : byExpression(field, value, who, namespace);
    }
    if (field === 'methods') return simple(value).test(request!.method);
    if (field === 'hosts') return new RegExp(simple(value).source, 'i').test(request!.host);
    if (field === 'paths') return pathMatches(value, request!.path);
    const given = request!.headers[field.slice('header '.length)];
    return given !== undefined && simple(value).test(given);
  };
  const holds = (field: string, values: readonly string[], notValues: readonly string[]): boolean =>
    (values.length === 0 || values.some(it => valueMatches(field, it))) &&
    !notValues.some(it => valueMatches(field, it));

  const entryMatches = (entry: Fields, at: string): boolean => {
    const left = Object.keys(entry).filter(field => !isMissingField(field));
    if (isAmbient && left.length === 0) return own(`${at} ztunnel`);
    return left.every(field => {
      const name = positive(field);
      if (OPAQUE.includes(name)) return own(`${at} ${name}`);
      return name === field ? holds(name, entry[field]!, []) : holds(name, [], entry[field]!);
    });
  };
  const conditionMatches = ({ key, values = [], notValues = [] }: Condition, i: number): boolean => {
    if (isMissingKey(key)) return !isAmbient || own(`when ${i} ztunnel`);
    const header = /^request\.headers\[(.*)\]$/.exec(key)?.[1];
    const field = header === undefined ? KEYS[key] : `header ${header}`;
    return field === undefined ? own(`when ${i}`) : holds(field, values, notValues);
  };
  return (
    (from.length === 0 || from.some((it, i) => entryMatches(it.source, `from ${i}`))) &&
    (to.length === 0 || to.some((it, i) => entryMatches(it.operation, `to ${i}`))) &&
    when.every(conditionMatches)
  );
}

const KEYS: Readonly<Record<string, string>> = {
  'source.ip': 'ipBlocks',
  'source.namespace': 'namespaces',
  'source.principal': 'principals',
  'destination.ip': 'destinationIp',
  'destination.port': 'ports',
};

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/** (IS11) */
function simple(value: string): RegExp {
  if (value === '*') return /^[\s\S]+$/;
  if (value.startsWith('*')) return new RegExp(`${escaped(value.slice(1))}$`);
  if (value.endsWith('*')) return new RegExp(`^${escaped(value.slice(0, -1))}`);
  return new RegExp(`^${escaped(value)}$`);
}

type Who = { readonly namespace: string; readonly account: string };

/** (IS12, IS13): what sidecars are configured with. */
function byExpression(field: string, value: string, { namespace, account }: Who, own: string): boolean {
  const uri = `spiffe://cluster.local/ns/${namespace}/sa/${account}`;
  if (field === 'namespaces') return new RegExp(`^.*/ns/${value.replaceAll('*', '.*')}/.*$`).test(uri);
  if (field === 'serviceAccounts') {
    const [ns, name] = value.includes('/') ? value.split('/') : [own, value];
    return new RegExp(`^spiffe://.+/ns/${ns}/(.+/|)sa/${name}(/.+)?$`).test(uri);
  }
  if (value === '*') return true;
  if (value.startsWith('*')) return new RegExp(`^spiffe://.*${value.slice(1)}$`).test(uri);
  return simple(`spiffe://${value}`).test(uri);
}

/** (IS23) */
function byName(field: string, value: string, { namespace, account }: Who, own: string): boolean {
  if (field === 'namespaces') return simple(value).test(namespace);
  if (field === 'principals') return simple(value).test(`cluster.local/ns/${namespace}/sa/${account}`);
  return (value.includes('/') ? value : `${own}/${value}`) === `${namespace}/${account}`;
}

/** (IS14) */
function inBlock(value: string, address: string): boolean {
  const [prefix = '', length] = value.split('/');
  const family = isIPv4(prefix) ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(prefix, length === undefined ? (family === 'ipv4' ? 32 : 128) : Number(length), family);
  return isIPv4(address) === (family === 'ipv4') && list.check(address, family);
}

const UNRESERVED = /%(2d|2e|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/gi;
const CHARACTER = "[a-zA-Z0-9\\-._~%!$&'()+,;:@";

/** (IS15, IS16) */
function pathMatches(value: string, target: string): boolean {
  const read = target.replace(UNRESERVED, it => decodeURIComponent(it));
  const path = new URL(`http://host${read}`).pathname;
  if (!/\{\*\*?\}/.test(value)) return simple(value).test(path);
  const parts = value.split(/(\{\*\*?\})/);
  const source = parts.map(it => (it === '{*}' ? `${CHARACTER}]+` : it === '{**}' ? `${CHARACTER}/]*` : escaped(it)));
  return new RegExp(`^${source.join('')}$`).test(path);
}
