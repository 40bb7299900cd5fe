/**
 * `l7Protocols` of a rule of Antrea's: decoded -> validated (AN14).
 */
import type { Path } from '../../documents/document.js';
import type { Findings } from '../../documents/findings.js';
import { readEnum } from '../crd.js';
import { METHODS } from './fields.js';
import type { AntreaHttp, AntreaRule } from './model.js';

export interface DecodedLayer7 {
  readonly http?: { readonly host?: string; readonly method?: string; readonly path?: string } | null;
  readonly tls?: { readonly sni?: string } | null;
}

/** As the schema of the custom resource has them. */

export function readLayer7(
  given: readonly (DecodedLayer7 | null | undefined)[],
  path: Path,
  findings: Findings,
): AntreaRule['layer7'] {
  if (given.length === 0) return null;
  const read = given.map((entry, i) => readHttp(entry?.http, [...path, i, 'http'], findings));
  const https = read.filter(it => it !== null);
  return https.length === given.length && given.every(entry => entry?.tls === undefined) ? https : 'other';
}

function readHttp(given: DecodedLayer7['http'], path: Path, findings: Findings): AntreaHttp | null {
  if (given === undefined || given === null) return null;
  const { host = '', method = '', path: where = '' } = given;
  if (method !== '') readEnum(method, METHODS, [...path, 'method'], findings);
  const orAny = (text: string): string | null => (text === '' ? null : text);
  return { host: orAny(host), method: orAny(method), path: orAny(where) };
}
