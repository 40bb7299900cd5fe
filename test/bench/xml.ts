/** Whether a text is well-formed XML as far as the pictures use it: elements closed in their order, attributes quoted. */
export function isWellFormed(text: string): boolean {
  const open: string[] = [];
  let roots = 0;
  let at = 0;
  for (const match of text.matchAll(/<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g)) {
    if (!isText(text.slice(at, match.index))) return false;
    at = match.index + match[0].length;
    const [, closing = '', name = '', , empty = ''] = match;
    if (closing !== '') {
      if (open.pop() !== name) return false;
    } else {
      if (open.length === 0) roots++;
      if (empty === '') open.push(name);
    }
  }
  return open.length === 0 && roots === 1 && text.slice(at).trim() === '';
}

const isText = (text: string): boolean => !/[<]|&(?!(?:amp|lt|gt|quot|#\d+);)|NaN|undefined|Infinity/.test(text);
