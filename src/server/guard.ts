/**
 * Who may ask: a request -> why it is refused, or null.
 *
 * In:  the port that is listened on, the token.  Out: a Guard. It is asked before anything else sees a request.
 *
 * 1. The Host must be this server. A page of another name that resolves to 127.0.0.1 (DNS rebinding) is read by the browser
 *    as of that name, and says so here.
 * 2. Nothing is written here, so only GET and HEAD are answered.
 * 3. A request that another page made is refused: by its Origin wherever there is one, and for the api by Sec-Fetch-Site,
 *    which browsers send always and pages cannot set.
 * 4. A target is what it looks like: no escapes, no dots that walk, no empty names. What is routed is then what was checked.
 * 5. Whatever reads files needs the token. Other programs on this machine can connect; they do not know it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

export interface Asked {
  readonly method: string;
  /** As it stands in the request line: `/api/workspace`. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Refusal {
  readonly status: 401 | 403 | 404 | 405 | 421;
  readonly headers?: OutgoingHttpHeaders;
}

export type Guard = (asked: Asked) => Refusal | null;

/** The names by which a browser on this machine reaches the address. */
const NAMES = ['127.0.0.1', 'localhost'];
/** A path of plain names, and perhaps a query. */
const TARGET = /^(?:\/|(?:\/(?!\.)[\w.~-]+)+)(?:\?.*)?$/;
const BEARER = /^Bearer +([\w-]+)$/i;

export const pathOf = (target: string): string => target.split('?', 1)[0]!;

export const isApi = (target: string): boolean => /^\/api(\/|$)/.test(pathOf(target));

export function createGuard(port: number, token: string): Guard {
  // URL leaves out port 80, as browsers do.
  const hosts = new Set(NAMES.map(name => new URL(`http://${name}:${port}`).host));
  const expected = digest(token);
  const holdsToken = (authorization = ''): boolean =>
    timingSafeEqual(digest(BEARER.exec(authorization)?.[1] ?? ''), expected);

  return ({ method, target, headers }) => {
    const { host = '', origin, authorization } = headers;
    if (!hosts.has(host.toLowerCase())) return { status: 421 };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { Allow: 'GET, HEAD' } };
    if (origin !== undefined && origin !== `http://${host.toLowerCase()}`) return { status: 403 };
    if (!TARGET.test(target)) return { status: 404 };
    if (!isApi(target)) return null;
    if (!['same-origin', 'none', undefined].includes(headers['sec-fetch-site'] as string | undefined))
      return { status: 403 };
    return holdsToken(authorization) ? null : { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } };
  };
}

/** Equal lengths, which timingSafeEqual asks for. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
