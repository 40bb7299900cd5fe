/**
 * Layer 7 of Antrea's rules -> what it lets through (AN14 of docs/dialects/antrea.md) (cold).
 *
 * In:  `l7Protocols`, if all of them are HTTP.  Out: a RequestCondition. A request passes that one of them matches; the engine
 * rejects the connection of any other. What the engine may make of a path or host first is told only where it is certain.
 */
import type { AntreaHttp } from '../../policy/antrea/model.js';
import type { HttpRequest } from '../../requests/request.js';
import type { RequestCondition } from '../ruleset.js';

/** @returns null: it cannot be told. */
type Matches = (text: string) => boolean | null;

export function conditionOf(protocols: readonly AntreaHttp[]): RequestCondition {
  const rules = protocols.map(matcherOf);
  return {
    refusal: 'dropped',
    protocol: 'HTTP',
    texts: protocols.map(({ method, path, host }) =>
      [method ?? '*', path ?? '*', ...(host === null ? [] : [`at ${host}`])].join(' '),
    ),
    allows(request) {
      const answers = rules.map(matches => matches(request));
      return answers.includes(true) ? true : answers.includes(null) ? null : false;
    },
  };
}

function matcherOf({ method, path, host }: AntreaHttp): (request: HttpRequest) => boolean | null {
  const ofPath = path === null ? always : content(path);
  const ofHost = host === null || host === host.toLowerCase() ? content(host ?? '') : never;
  return request => {
    const answers = [
      // A part of the method is enough.
      method === null || request.method.includes(method),
      isAmbiguous(request.path) && path !== null ? null : ofPath(request.path),
      host === null || (request.host === null ? null : ofHost(request.host.toLowerCase().replace(/:\d*$/, ''))),
    ];
    if (answers.includes(false)) return false;
    return answers.includes(null) ? null : true;
  };
}

const always: Matches = () => true;
/** The engine takes no such rule. */
const never: Matches = () => null;

/** Exact, or open where a `*` stands at an end; another `*` is a character. */
function content(pattern: string): Matches {
  const isSuffix = pattern.startsWith('*');
  const rest = isSuffix ? pattern.slice(1) : pattern;
  const isPrefix = rest.endsWith('*');
  const text = isPrefix ? rest.slice(0, -1) : rest;
  // Characters that the engine's rules give another meaning, and no characters at all.
  if (text === '' || /[";|\\]/.test(text)) return never;
  if (isSuffix && isPrefix) return value => value.includes(text);
  if (isSuffix) return value => value.endsWith(text);
  if (isPrefix) return value => value.startsWith(text);
  return value => value === text;
}

/** What the engine normalises before it compares: escapes, `\\`, double slashes, dot segments. */
const isAmbiguous = (path: string): boolean => /[%\\]|\/\/|\/\./.test(path);
