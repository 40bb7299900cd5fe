/**
 * How Istio compares strings (IS11): exact, `prefix*`, `*suffix`, or `*` for anything that is not empty (cold).
 *
 * A `*` anywhere else is a character like any other.
 */
export function matchesString(pattern: string, text: string): boolean {
  if (pattern === '*') return text !== '';
  if (pattern.startsWith('*')) return text.endsWith(pattern.slice(1));
  if (pattern.endsWith('*')) return text.startsWith(pattern.slice(0, -1));
  return text === pattern;
}

/**
 * Whether the whole text is the pattern, in which every `*` is any run of characters and every `.` any character: what is
 * left of a regular expression that was made of a name. Linear but for the stars.
 */
export function matchesRuns(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < text.length; ) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      resume = i;
    } else if (wanted !== undefined && (wanted === text[i] || wanted === '.')) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
