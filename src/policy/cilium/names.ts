/**
 * Names and requests of layer 7: decoded -> validated (CI25, CI26).
 */
import { RE2JS } from 're2js';
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import { MISMATCHES } from './fields.js';
import type { CiliumHttp, CiliumName } from './model.js';

export interface DecodedName {
  readonly matchName?: string;
  readonly matchPattern?: string;
}

export interface DecodedHttp {
  readonly path?: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: readonly (string | null | undefined)[];
  readonly headerMatches?: readonly (DecodedHeader | null | undefined)[];
}

interface DecodedHeader {
  readonly mismatch?: string;
  readonly name?: string;
  readonly value?: string;
  readonly secret?: { readonly name?: string };
}

const LONGEST = 255;

/** @returns null where a finding says what is wrong */
export function readName(given: DecodedName, path: Path, findings: Findings): CiliumName | null {
  const { matchName = '', matchPattern = '' } = given;
  if ((matchName === '') === (matchPattern === '')) {
    const which =
      matchName === '' ? 'one of matchName, matchPattern is required' : 'matchName and matchPattern exclude each other';
    findings.error(path, `Invalid value: ${which}`, 'give each name an entry of its own');
    return null;
  }
  const kind = matchName === '' ? 'pattern' : 'name';
  const field = kind === 'name' ? 'matchName' : 'matchPattern';
  const text = kind === 'name' ? matchName : matchPattern;
  const allowed = kind === 'name' ? /^[-a-zA-Z0-9_.]+$/ : /^[-a-zA-Z0-9_.*]+$/;
  if (text.length > LONGEST) {
    findings.error([...path, field], `Too long: may not be more than ${LONGEST} bytes`);
    return null;
  }
  if (!allowed.test(text) || text.startsWith('.') || text.includes('..')) {
    const characters = kind === 'name' ? '0-9, a-z, A-Z and . and -' : '0-9, a-z, A-Z and ., - and *';
    const message = `Invalid value: ${shown(text)}: Invalid characters in ${kind === 'name' ? 'MatchName' : 'MatchPattern'}. Only ${characters} characters are allowed`;
    findings.error([...path, field], message, kind === 'name' && text.includes('*') ? 'write matchPattern' : undefined);
    return null;
  }
  // DNS knows neither case nor the trailing dot.
  return { kind, text: text.toLowerCase().replace(/\.$/, '') };
}

export function readHttp(given: DecodedHttp, path: Path, findings: Findings): CiliumHttp {
  for (const field of ['path', 'method', 'host'] as const) {
    const text = given[field] ?? '';
    if (!compiles(text)) {
      const message = `${shown(text)} may be no regular expression`;
      findings.warn([...path, field], message, 'Cilium refuses a policy with one that does not compile');
    }
  }
  const headerMatches = (given.headerMatches ?? []).flatMap((match, i) => {
    if (match === undefined) return [];
    const at = [...path, 'headerMatches', i];
    const { name = '', value, secret, mismatch: word = '' } = match ?? {};
    if (name === '') findings.error([...at, 'name'], 'Required value: header name missing');
    const mismatch = MISMATCHES.find(it => it === word) ?? null;
    if (word !== '' && mismatch === null) {
      const meant = nearest(word, MISMATCHES);
      const hint = meant === null ? `one of ${MISMATCHES.join(', ')}` : `did you mean "${meant}"?`;
      findings.error([...at, 'mismatch'], `Invalid value: ${shown(word)}: invalid header action`, hint);
    }
    if (secret !== undefined && (secret.name ?? '') === '') {
      findings.error([...at, 'secret', 'name'], 'Required value: secret name missing');
    }
    return [{ name, value: value ?? null, isSecret: secret !== undefined, mismatch }];
  });
  return {
    path: orAny(given.path),
    method: orAny(given.method),
    host: orAny(given.host),
    headers: (given.headers ?? []).map(header => header ?? ''),
    headerMatches,
  };
}

const orAny = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

function compiles(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}
