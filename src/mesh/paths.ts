/**
 * Paths of requests as policies compare them (IS15, IS16): normalised, without query, by string or by template (cold).
 *
 * The normalisation is MeshConfig's BASE, its default: escaped letters, digits and -._~ are read, `\` is `/`, and . and
 * .. are resolved; slashes are not merged.
 */
import { parseTemplate, SEGMENT_CHARACTERS } from '../policy/istio/templates.js';
import { unescaped, withoutDots } from '../requests/paths.js';
import { matchesString } from './strings.js';
import { doubt, type Truth } from './truth.js';

/** What the proxy leaves as it is. Whatever else is in a path, it escapes or refuses. */
const KNOWN = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/%\\]*$/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** @returns null where it is not known what the proxy makes of it (most such requests it answers with 400) */
export function normalizePath(target: string): string | null {
  if (target.includes('#')) return null;
  const [path = ''] = target.split('?', 1);
  if (!path.startsWith('/') || !KNOWN.test(path) || /%(?![0-9A-Fa-f]{2})|%00/.test(path)) return null;
  return withoutDots(unescaped(path, UNRESERVED).replaceAll('\\', '/'));
}

/** @param path normalised */
export function matchesPath(value: string, path: string): Truth {
  if (!value.includes('{*}') && !value.includes('{**}')) return matchesString(value, path);
  const expression = templateExpression(value);
  return expression === null ? doubt(`what ${JSON.stringify(value)} matches`) : expression.test(path);
}

const expressions = new Map<string, RegExp | null>();

/** A policy's value is compiled once. */
function templateExpression(value: string): RegExp | null {
  let expression = expressions.get(value);
  if (expression === undefined) {
    const segments = parseTemplate(value);
    const source = segments?.map(({ kind, text }) => OPERATORS[kind] + text.replace(/[-.$()+[\]]/g, '\\$&')).join('/');
    expression = source === undefined ? null : new RegExp(`^/${source}$`);
    expressions.set(value, expression);
  }
  return expression;
}

const OPERATORS = { literal: '', one: `[${SEGMENT_CHARACTERS}]+`, many: `[${SEGMENT_CHARACTERS}/]*` } as const;
