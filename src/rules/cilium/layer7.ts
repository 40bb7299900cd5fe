/**
 * Cilium's rules of layer 7 -> what they let through (CI25, CI26 of docs/dialects/cilium.md) (cold).
 *
 * In:  `rules` of a toPorts entry.  Out: a RequestCondition; null where what the proxy asks is not known. A request passes
 * that any rule of the list matches. Expressions are RE2's, as Envoy's are: in linear time, whatever they say.
 */
import { RE2JS } from 're2js';
import { ciliumPattern, exactName, type NameMatcher } from '../../names/patterns.js';
import type { CiliumHttp, CiliumLayer7, CiliumName } from '../../policy/cilium/model.js';
import { isChanged } from '../../requests/changed-fields.js';
import { unescaped, withoutDots } from '../../requests/paths.js';
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
function expression(text: string, of: (request: HttpRequest) => string | null): Matches {
  const compiled = compile(text);
  return request => {
    const value = of(request);
    return compiled === null || value === null ? null : compiled.matches(value);
  };
}

function compile(text: string): RE2JS | null {
  try {
    return RE2JS.compile(text);
  } catch {
    return null;
  }
}

/** Path and query. What proxies may first make of it (RFC 3986, 6.2.2) is told only where that makes no difference. */
function pathExpression(text: string): Matches {
  const matches = expression(text, request => request.path);
  return request => {
    const asSent = matches(request);
    const others = readingsOf(request);
    return others?.every(path => matches({ ...request, path }) === asSent) === true ? asSent : null;
  };
}

/** Escaped letters and digits, escaped slashes, backslashes, double slashes, dot segments: each proxy takes its own of these
 *  steps, in its own order. */
const STEPS: readonly ((path: string) => string)[] = [
  path => unescaped(path, /[A-Za-z0-9\-._~]/),
  path => unescaped(path, /[/\\]/),
  path => path.replaceAll('\\', '/'),
  path => path.replace(/\/+/g, '/'),
  withoutDots,
];
/** More has a path that is made for it. */
const MOST_READINGS = 64;

const known = new WeakMap<HttpRequest, readonly string[] | null>();

/** What proxies may take a request's path and query for; null: more than can be told. */
function readingsOf(request: HttpRequest): readonly string[] | null {
  let all = known.get(request);
  if (all === undefined) {
    all = readings(request.path);
    known.set(request, all);
  }
  return all;
}

/** Behind `?` all is as it is; some proxies leave out what stands behind `#`. */
export function readings(sent: string): readonly string[] | null {
  const fragment = sent.indexOf('#');
  if (fragment >= 0) {
    const without = readings(sent.slice(0, fragment));
    return without === null ? null : [sent, ...without];
  }
  const query = sent.indexOf('?');
  const end = query < 0 ? sent.length : query;
  const path = sent.slice(0, end);
  if (!/[%\\]|\/\/|\/\./.test(path)) return [sent];
  const found = new Set([path]);
  for (const it of found) {
    for (const step of STEPS) found.add(step(it));
    if (found.size > MOST_READINGS) return null;
  }
  return [...found].map(it => it + sent.slice(end));
}

/** `X-Key: value`, or a name alone: that there is one. */
function headerLine(text: string): Matches {
  const space = text.indexOf(' ');
  return space < 0 ? field(text, null) : field(text.slice(0, space).replace(/:+$/, ''), text.slice(space + 1));
}

/** @param value null: any */
function field(name: string, value: string | null): Matches {
  const key = name.toLowerCase();
  if (isChanged(key)) return () => null;
  const wanted = value === null ? null : octets(value);
  return ({ headers, host }) => {
    if (key === 'host' && host === null) return null;
    const values = key === 'host' ? [host] : headers.get(key);
    if (values === undefined) return false;
    if (wanted === null) return true;
    // A proxy takes a field that stands twice for one whose values are joined, or looks at each.
    return values.length === 1 ? values[0] === wanted : values.join(',') === wanted || null;
  };
}

/** A text's bytes in UTF-8, each a character, as a request's are read. */
const octets = (text: string): string =>
  Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('');

function textOf({ method, path, host, headers, headerMatches }: CiliumHttp): string {
  const fields = [...headers, ...headerMatches.filter(({ mismatch }) => mismatch === null).map(({ name }) => name)].map(
    text => `[${text}]`,
  );
  const parts = [method ?? '*', path ?? '*', ...(host === null ? [] : [`at ${host}`]), ...fields];
  return parts.join(' ');
}
