/**
 * Path templates of AuthorizationPolicy: `/users/{*}/orders/{**}` (IS15).
 *
 * In:  a value of paths.  Out: whether it is a template, and its segments; what is wrong with it.
 * `{*}` is one whole segment, `{**}` any number of them, and the last of both. Behind the last one more text may stand.
 */
export const isTemplate = (path: string): boolean => path.includes('{*}') || path.includes('{**}');

/** One segment; a template's last one may have text behind its operator. */
export interface TemplateSegment {
  readonly kind: 'literal' | 'one' | 'many';
  /** Of a literal, or what stands behind the operator. */
  readonly text: string;
}

/** Characters of a segment: `=` and `*` are none. */
export const SEGMENT_CHARACTERS = "a-zA-Z0-9\\-._~%!$&'()+,;:@";
const LITERAL = new RegExp(`^[${SEGMENT_CHARACTERS}]+$`);

/** @returns null where the proxy takes no such template */
export function parseTemplate(path: string): readonly TemplateSegment[] | null {
  const text = path.replaceAll('{*}', '*').replaceAll('{**}', '**');
  if (!text.startsWith('/')) return null;
  const parts = text.slice(1).split('/');
  const segments: TemplateSegment[] = [];
  let isOver = false;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const isLast = i === parts.length - 1;
    const operator = part.startsWith('**') ? '**' : part.startsWith('*') ? '*' : '';
    const rest = part.slice(operator.length);
    if (rest === '' ? operator === '' && !isLast : !LITERAL.test(rest)) return null;
    if (operator !== '') {
      if (isOver || (rest !== '' && !isLast)) return null;
      isOver = operator === '**';
    }
    segments.push({ kind: operator === '' ? 'literal' : operator === '*' ? 'one' : 'many', text: rest });
  }
  return segments;
}

/** What Istio's webhook takes for no template of its own: names, empty braces, bare operators. */
const REFUSED = /\/\{\w+=\*\*?\}|\{\w*\}|\/\*\*?|\*\*?\//;

/** @returns null where nothing is wrong. `isRefused`: by the webhook; else by the proxy, which then takes no policy at all */
export function templateComplaint(path: string): { readonly text: string; readonly isRefused: boolean } | null {
  if (!isTemplate(path)) return null;
  if (REFUSED.test(path)) return { text: 'operators are {*} and {**}, without names', isRefused: true };
  if (parseTemplate(path) !== null) return null;
  return { text: '{*} is one whole segment, {**} stands once and behind every {*}', isRefused: false };
}
