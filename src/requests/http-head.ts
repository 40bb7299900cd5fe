/**
 * The head of an HTTP/1.1 request (RFC 9112): its text -> the request, and what of the stream is its body (cold).
 *
 * In:  the head's bytes without the empty line at its end.  Out: a Head; or why a proxy may not take it for what it says.
 * Only what RFC 9112 lets nobody read in another way is read: line ends are CR LF, no white space stands before a colon, no
 * line is folded, a length is said once.
 */
import type { HttpRequest } from './request.js';

export interface Head {
  readonly request: HttpRequest;
  readonly body: Body;
  /** What follows may be of another protocol (RFC 9110, 7.8 and 9.3.6). */
  readonly mayChange: boolean;
  /** null, or why what a proxy makes of it is not certain. */
  readonly doubt: string | null;
}

/** Bytes of a body, or `chunked`. */
export type Body = number | 'chunked';

/** Envoy's limit of a request's fields (max_headers_count). */
const MOST_FIELDS = 100;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/(1\.[01])$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what may not stand in a field's value is what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

const decoder = new TextDecoder('latin1');

/** @returns null where it is no head of a request that can be read in one way alone */
export function readHead(bytes: Uint8Array, from: number, to: number): Head | null {
  const [first = '', ...lines] = decoder.decode(bytes.subarray(from, to)).split('\r\n');
  const line = REQUEST_LINE.exec(first);
  if (line === null) return null;
  const headers = readFields(lines);
  if (headers === null) return null;
  const [, method = '', target = '', version] = line;
  const body = bodyOf(headers);
  // RFC 9112, 6.1: of HTTP/1.0 chunks are no framing.
  if (body === null || (body === 'chunked' && version === '1.0')) return null;
  const place = placeOf(method, target, headers);
  if (place === null) return null;
  const request = { method, ...place.at, headers };
  const doubt =
    version === '1.0'
      ? 'HTTP/1.0'
      : method === 'CONNECT'
        ? 'CONNECT'
        : lines.length > MOST_FIELDS
          ? `more than ${MOST_FIELDS} fields`
          : place.doubt;
  return { request, body, mayChange: method === 'CONNECT' || headers.has('upgrade'), doubt };
}

function readFields(lines: readonly string[]): Map<string, string[]> | null {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = trimmed(line, colon + 1);
    if (!TOKEN.test(name) || CONTROL.test(value)) return null;
    const key = name.toLowerCase();
    const values = headers.get(key);
    if (values === undefined) headers.set(key, [value]);
    else values.push(value);
  }
  return headers;
}

const isSpace = (letter: string | undefined): boolean => letter === ' ' || letter === '\t';

/** Without the spaces and tabs around it (RFC 9110, 5.5); in one pass, whatever stands in it. */
function trimmed(line: string, start: number): string {
  let from = start;
  let to = line.length;
  while (from < to && isSpace(line[from])) from++;
  while (to > from && isSpace(line[to - 1])) to--;
  return line.slice(from, to);
}

/** RFC 9112, 6.3; null where there are two answers. */
function bodyOf(headers: ReadonlyMap<string, readonly string[]>): Body | null {
  const codings = headers.get('transfer-encoding');
  const lengths = headers.get('content-length');
  if (codings !== undefined) {
    const isChunked = codings.length === 1 && codings[0]!.toLowerCase() === 'chunked';
    return isChunked && lengths === undefined ? 'chunked' : null;
  }
  if (lengths === undefined) return 0;
  const length = lengths.length === 1 && /^\d{1,15}$/.test(lengths[0]!) ? Number(lengths[0]) : null;
  return length;
}

interface Place {
  readonly at: Pick<HttpRequest, 'path' | 'host'>;
  readonly doubt: string | null;
}

/** RFC 9112, 3.2: path and authority, of the target's four forms. */
function placeOf(method: string, target: string, headers: ReadonlyMap<string, readonly string[]>): Place | null {
  const hosts = headers.get('host') ?? [];
  const [host = ''] = hosts;
  const doubt = hosts.length === 1 ? null : hosts.length === 0 ? 'no Host field' : 'more than one Host field';
  if (method === 'CONNECT') return { at: { path: '', host: target }, doubt };
  if (target.startsWith('/') || target === '*') return { at: { path: target, host }, doubt };
  const absolute = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]*)(.*)$/.exec(target);
  if (absolute === null) return null;
  const [, authority = '', rest = ''] = absolute;
  return { at: { path: rest.startsWith('/') ? rest : `/${rest}`, host: authority }, doubt };
}
