/**
 * What makes a CodeMirror of plain text policap's editor: YAML, completion, marks, keys, colours.
 */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { colours, theme } from './colours.js';
import type { EditorOptions } from './interface.js';
import { litLines } from './lit.js';

/** A longer text is shown without colours. */
const LONGEST_COLOURED = 2_000_000;

export function extensionsOf(name: string, length: number, isReadOnly: boolean, options: EditorOptions): Extension[] {
  const label = `${isReadOnly ? 'Text' : 'Editor'} of ${name}`;
  return [
    lineNumbers(),
    lintGutter(),
    litLines,
    history(),
    drawSelection(),
    bracketMatching(),
    highlightActiveLine(),
    indentUnit.of('  '),
    EditorState.tabSize.of(2),
    theme,
    syntaxHighlighting(colours),
    length <= LONGEST_COLOURED ? yaml() : [],
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap]),
    isReadOnly ? EditorState.readOnly.of(true) : editing(options),
    EditorView.updateListener.of(update => {
      if (update.docChanged) options.onChange(update.state.doc.toString());
    }),
  ];
}

function editing(options: EditorOptions): Extension {
  return [
    indentOnInput(),
    closeBrackets(),
    autocompletion({
      override: [context => completions(context, options)],
      icons: false,
      activateOnTypingDelay: 50,
      interactionDelay: 30,
    }),
  ];
}

async function completions(context: CompletionContext, options: EditorOptions): Promise<CompletionResult | null> {
  const { state, pos } = context;
  const before = state.doc.lineAt(pos).text.slice(0, pos - state.doc.lineAt(pos).from);
  // On an empty line, and behind what ends a word, only when asked.
  if (!context.explicit && !/[\w"'/.:-]$|: $|- $|[[{,] ?$/.test(before)) return null;
  const { from, items } = await options.complete(state.doc.toString(), pos);
  if (context.aborted || items.length === 0) return null;
  return {
    from,
    options: items.map((it, i) => completionOf(it, i)),
    // As long as a word is typed, the same list is filtered.
    validFor: /^[\w"'./-]*$/,
  };
}

type Item = Awaited<ReturnType<EditorOptions['complete']>>['items'][number];

const completionOf = ({ label, insert, is, detail }: Item, place: number): Completion => ({
  label,
  ...(detail !== '' && { detail }),
  type: is,
  // In the order in which they were given.
  boost: -Math.min(99, place),
  apply(view, _completion, from, to) {
    const rest = view.state.doc.sliceString(to, to + 2);
    // The key is there already, with its colon.
    const text = is === 'field' && /^ ?:/.test(rest) ? label : insert;
    view.dispatch({
      changes: { from, to, insert: text },
      selection: { anchor: from + text.length },
      userEvent: 'input.complete',
    });
    if (/[ \n]$/.test(text)) startCompletion(view);
  },
});
