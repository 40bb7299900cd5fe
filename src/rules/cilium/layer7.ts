/**
 * Cilium's rules of layer 7 -> what they let through (CI25, CI26 of docs/dialects/cilium.md) (cold).
 *
 * In:  `rules` of a toPorts entry.  Out: a RequestCondition; null where what the proxy asks is not known. A request passes
 * that any rule of the list matches. Expressions are RE2's, as Envoy's are: in linear time, whatever they say.
 */
import { RE2JS } from 're2js';
import { ciliumPattern, exactName, type NameMatcher } from '../../names/patterns.js';
import type { CiliumHttp, CiliumLayer7, CiliumName } from '../../policy/cilium/model.js';
import type { HttpRequest } from '../../requests/request.js';
import type { RequestCondition } from '../ruleset.js';

/** @returns null: it cannot be told. */
type Matches = (request: HttpRequest) => boolean | null;

export function conditionOf(layer7: CiliumLayer7 | null): RequestCondition | null {
  switch (layer7?.kind) {
    case 'http': {
      const rules = layer7.rules.map(matcherOf);
      return {
        refusal: 'answered',
        protocol: 'HTTP',
        texts: layer7.rules.map(textOf),
        allows: request => join(rules, request, true),
      };
    }
    case 'dns':
      return {
        refusal: 'answered',
        protocol: 'DNS',
        texts: layer7.rules.map(({ text }) => text),
        allows: anyOf(layer7.rules),
      };
    default:
      return null;
  }
}

export function anyOf(names: readonly CiliumName[]): NameMatcher {
  const matchers = names.map(({ kind, text }) => (kind === 'name' ? exactName(text) : ciliumPattern(text)));
  return name => matchers.some(matches => matches(name));
}

/** Whether any matches (`decisive` true), or all do (false): one answer decides, else one that is not known leaves it open. */
function join(rules: readonly Matches[], request: HttpRequest, decisive: boolean): boolean | null {
  let isOpen = false;
  for (const matches of rules) {
    const matched = matches(request);
    if (matched === decisive) return decisive;
    isOpen ||= matched === null;
  }
  return isOpen ? null : !decisive;
}

function matcherOf({ method, path, host, headers, headerMatches }: CiliumHttp): Matches {
  const rules: Matches[] = [];
  if (method !== null) rules.push(expression(method, request => request.method));
  if (host !== null) rules.push(expression(host, request => request.host));
  for (const text of headers) rules.push(headerLine(text));
  for (const { name, value, isSecret, mismatch } of headerMatches) {
    // With an action the request passes, and is logged or changed.
    if (mismatch !== null) continue;
    rules.push(isSecret ? () => null : field(name, value === '' ? null : value));
  }
  if (path !== null) rules.push(pathExpression(path));
  return request => join(rules, request, false);
}

/** Of the whole value. */
function expression(text: string, of: (request: HttpRequest) => string): Matches {
  const compiled = compile(text);
  return request => (compiled === null ? null : compiled.matches(of(request)));
}

function compile(text: string): RE2JS | null {
  try {
    return RE2JS.compile(text);
  } catch {
    return null;
  }
}

/** Path and query. What proxies may first make simpler (RFC 3986, 6.2.2) is told only where that makes no difference. */
function pathExpression(text: string): Matches {
  const matches = expression(text, request => request.path);
  return request => {
    const asSent = matches(request);
    const simpler = normalized(request.path);
    return simpler === request.path || matches({ ...request, path: simpler }) === asSent ? asSent : null;
  };
}

/** Slashes once, no dot segments, no escapes of what needs none; behind `?` all as it is. */
export function normalized(path: string): string {
  const query = path.indexOf('?');
  const end = query < 0 ? path.length : query;
  const plain = path
    .slice(0, end)
    .replace(/%([0-9a-fA-F]{2})/g, coded => {
      const letter = String.fromCharCode(Number.parseInt(coded.slice(1), 16));
      return /[A-Za-z0-9\-._~/\\]/.test(letter) ? letter : coded;
    })
    .replaceAll('\\', '/');
  const segments: string[] = [];
  for (const segment of plain.replace(/\/+/g, '/').split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '.') segments.push(segment);
  }
  const simple = segments.join('/');
  return (plain.startsWith('/') && !simple.startsWith('/') ? `/${simple}` : simple) + path.slice(end);
}

/** `X-Key: value`, or a name alone: that there is one. */
function headerLine(text: string): Matches {
  const space = text.indexOf(' ');
  return space < 0 ? field(text, null) : field(text.slice(0, space).replace(/:+$/, ''), text.slice(space + 1));
}

/** @param value null: any */
function field(name: string, value: string | null): Matches {
  const key = name.toLowerCase();
  return ({ headers, host }) => {
    const values = key === 'host' ? [host] : headers.get(key);
    if (values === undefined) return false;
    if (value === null) return true;
    // A proxy takes a field that stands twice for one whose values are joined, or looks at each.
    return values.length === 1 ? values[0] === value : values.join(',') === value || null;
  };
}

function textOf({ method, path, host, headers, headerMatches }: CiliumHttp): string {
  const fields = [...headers, ...headerMatches.filter(({ mismatch }) => mismatch === null).map(({ name }) => name)].map(
    text => `[${text}]`,
  );
  const parts = [method ?? '*', path ?? '*', ...(host === null ? [] : [`at ${host}`]), ...fields];
  return parts.join(' ');
}
