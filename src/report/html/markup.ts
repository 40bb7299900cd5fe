/**
 * HTML as text (cold): what is put into a template is escaped, unless it is markup itself.
 *
 * In:  markup`<td>${text}</td>`.  Out: Markup. Texts of captures and documents are anybody's: nothing of them is ever markup.
 */
export class Markup {
  constructor(readonly text: string) {}
}

type Piece = Markup | string | number | readonly Piece[];

export function markup(parts: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  let text = parts[0]!;
  values.forEach((value, i) => {
    text += textOf(value) + parts[i + 1]!;
  });
  return new Markup(text);
}

export const NOTHING = new Markup('');

function textOf(value: Piece): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? escaped(value) : value.map(textOf).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, which no HTML may hold, become the replacement character. */
const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  text.replace(/[&<>"']/g, it => ENTITIES[it]!).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd');
