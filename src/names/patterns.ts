/**
 * Patterns of names, as policies write them (cold).
 *
 * In:  a pattern.  Out: whether a name (lower case, no dot at its end) matches. Time is bounded by their lengths' product.
 * Cilium: `*` stands for letters, digits, `-` and `_` of one label, alone for every name; `**.` in front for one label or more.
 * Antrea: `*` stands for any characters, dots among them, or none.
 */

export type NameMatcher = (name: string) => boolean;

const canonical = (text: string): string => text.toLowerCase().replace(/\.$/, '');

/** Cilium's matchName, and a name without wildcards anywhere. */
export function exactName(text: string): NameMatcher {
  const wanted = canonical(text);
  return name => name === wanted;
}

/** Cilium's matchPattern. */
export function ciliumPattern(text: string): NameMatcher {
  const pattern = canonical(text);
  if (pattern === '*' || pattern === '**') return () => true;
  if (!pattern.startsWith('**.')) return name => matchesGlob(pattern, name, IN_LABELS);
  const rest = pattern.slice(3);
  // One label or more stand for the stars.
  return name => {
    for (let dot = name.indexOf('.'), from = 0; dot > from; dot = name.indexOf('.', from)) {
      if (!LABEL.test(name.slice(from, dot))) return false;
      from = dot + 1;
      if (matchesGlob(rest, name.slice(from), IN_LABELS)) return true;
    }
    return false;
  };
}

/** Antrea's fqdn. */
export function antreaPattern(text: string): NameMatcher {
  const pattern = canonical(text);
  return name => matchesGlob(pattern, name, ANY);
}

/** What Cilium's stars stand for. */
const IN_LABELS = /[-a-z0-9_]/;
const LABEL = /^[-a-z0-9_]+$/;
const ANY = /[\s\S]/;

/** Greedy, with one step back to the last star: what an earlier star could take more, the last one can. */
function matchesGlob(pattern: string, name: string, taking: RegExp): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let taken = 0;
  while (n < name.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.length && pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0 && taking.test(name[taken]!)) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.length && pattern[p] === '*') p++;
  return p === pattern.length;
}
