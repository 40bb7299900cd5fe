/**
 * Lines lit from outside: those of the rule that decided. A bar and a mark beside them, not a colour alone.
 */
import { type EditorState, RangeSet, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, GutterMarker, gutter } from '@codemirror/view';

export const setLit = StateEffect.define<readonly number[]>();

const line = Decoration.line({ class: 'cm-lit' });

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lit, transaction) {
    let now = lit.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setLit)) continue;
      const lines = [...new Set(effect.value)].filter(it => it >= 1 && it <= transaction.state.doc.lines);
      const starts = lines.sort((a, b) => a - b).map(it => transaction.state.doc.line(it).from);
      now = Decoration.set(starts.map(at => line.range(at)));
    }
    return now;
  },
  provide: it => EditorView.decorations.from(it),
});

class Mark extends GutterMarker {
  override toDOM(): Node {
    const mark = document.createElement('span');
    mark.textContent = '▸';
    mark.title = 'decides here';
    return mark;
  }
}
const mark = new Mark();

export const litLines = [
  field,
  gutter({
    class: 'cm-lit-gutter',
    markers(view) {
      const starts: number[] = [];
      view.state.field(field).between(0, view.state.doc.length, from => void starts.push(from));
      return RangeSet.of(starts.map(at => mark.range(at)));
    },
    initialSpacer: () => mark,
  }),
];

/** @param lineNumber, column from 1; what lies outside is moved inside */
export function positionOf({ doc }: EditorState, lineNumber: number, column: number): number {
  const its = doc.line(Math.max(1, Math.min(doc.lines, lineNumber)));
  return Math.min(its.to, its.from + Math.max(0, column - 1));
}
