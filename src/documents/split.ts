/**
 * A YAML text -> the parts that can be read one at a time.
 *
 * A syntax tree takes fifty times the memory of its text, so that a whole `kubectl get -A -o yaml` of a big cluster
 * cannot be held as one. Documents are cut at their `---` lines, and the `items` of a List at its `- ` lines: in block
 * style nothing but an entry can begin with a dash at the list's own indentation. Anything unusual (directives, flow
 * style, tabs) is left whole.
 */
export interface Part {
  readonly start: number;
  readonly end: number;
}

export interface ListParts {
  /** Everything but the items, with an empty list in their place. */
  readonly before: Part;
  readonly after: Part;
  readonly items: readonly Part[];
}

/** Cuts at document markers; a text with directives stays whole. */
export function splitDocuments(text: string): Part[] {
  if (text.startsWith('%') || text.includes('\n%')) return [{ start: 0, end: text.length }];
  const parts: Part[] = [];
  let start = 0;
  for (let at = text.indexOf('\n---'); at >= 0; at = text.indexOf('\n---', at + 1)) {
    const next = text[at + 4];
    if (next !== undefined && next !== '\n' && next !== '\r' && next !== ' ' && next !== '\t') continue;
    parts.push({ start, end: at + 1 });
    start = at + 1;
  }
  parts.push({ start, end: text.length });
  return parts;
}

/** The items of a document whose top level has a block list `items:`, or null where it is not plainly one. */
export function splitItems(text: string, { start, end }: Part): ListParts | null {
  const match = /^items:[ \t]*(?:#.*)?\r?\n/m.exec(text.slice(start, end));
  if (match === null) return null;
  const itemsKey = start + match.index;
  const itemsStart = itemsKey + match[0].length;
  let indent = -1;
  const starts: number[] = [];
  let line = itemsStart;
  for (; line < end; line = nextLine(text, line, end)) {
    let column = 0;
    while (text[line + column] === ' ') column++;
    const c = text[line + column];
    if (c === undefined || c === '\n' || c === '\r' || c === '#') continue;
    if (c === '\t') return null;
    const after = text[line + column + 1];
    const dash = c === '-' && (after === ' ' || after === '\n' || after === '\r');
    if (indent < 0) {
      if (!dash) return null;
      indent = column;
    }
    if (column < indent || (column === indent && !dash)) {
      if (column > 0) return null;
      break;
    }
    if (column === indent) starts.push(line);
  }
  if (starts.length === 0) return null;
  const stop = Math.min(line, end);
  const items = starts.map((from, i) => ({ start: from, end: starts[i + 1] ?? stop }));
  return { before: { start, end: itemsKey }, after: { start: stop, end }, items };
}

function nextLine(text: string, line: number, end: number): number {
  const at = text.indexOf('\n', line);
  return at < 0 ? end : at + 1;
}
