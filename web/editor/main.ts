/**
 * The editor: CodeMirror with what policap knows of policies given from outside. A script of its own: it sets `policapEditor`.
 *
 * In:  an element, and what to ask for completions.  Out: an Editor (interface.ts). It stands in a shadow root, so that its style sheets
 * are constructed ones, which the page's content security policy allows.
 * Tab leaves the editor, as it leaves any field: indenting is done by Ctrl-] and Ctrl-[.
 */
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { diagnosticsOf, setProblems } from './diagnostics.js';
import { extensionsOf } from './extensions.js';
import type { Editor, EditorOptions, PolicapEditor } from './interface.js';
import { positionOf, setLit } from './lit.js';

function create(parent: HTMLElement, options: EditorOptions): Editor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const states = new Map<string, EditorState>();
  let shown = '';

  const stateOf = (name: string, text: string, isReadOnly: boolean): EditorState =>
    EditorState.create({ doc: text, extensions: extensionsOf(name, text.length, isReadOnly, options) });
  const view = new EditorView({ state: stateOf('', '', true), parent: root, root });

  return {
    show({ name, text, isReadOnly }) {
      if (name !== shown) {
        if (shown !== '') states.set(shown, view.state);
        const known = states.get(name);
        view.setState(known !== undefined && known.readOnly === isReadOnly ? known : stateOf(name, text, isReadOnly));
        shown = name;
      }
      const now = view.state.doc.toString();
      if (now !== text) view.dispatch({ changes: { from: 0, to: now.length, insert: text } });
    },
    problems(all) {
      view.dispatch(setProblems(view.state, diagnosticsOf(view.state, all)));
    },
    light(lines) {
      view.dispatch({ effects: setLit.of(lines) });
    },
    goTo(line, column) {
      const at = positionOf(view.state, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
    },
    focus: () => view.focus(),
    close: () => view.destroy(),
  };
}

(globalThis as unknown as { policapEditor: PolicapEditor }).policapEditor = { create };
