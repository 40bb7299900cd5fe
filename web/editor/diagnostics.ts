/**
 * Problems by line and column -> CodeMirror's diagnostics: underlined, marked beside the line, and read out with F8.
 */
import type { Diagnostic } from '@codemirror/lint';
import { setDiagnostics } from '@codemirror/lint';
import type { EditorState } from '@codemirror/state';
import type { EditorProblem } from './interface.js';
import { positionOf } from './lit.js';

export const setProblems = setDiagnostics;

/** A problem has a beginning alone: it is shown up to the end of the word. */
export function diagnosticsOf(state: EditorState, problems: readonly EditorProblem[]): Diagnostic[] {
  return problems.map(({ severity, line, column, message }) => {
    const from = positionOf(state, line, column);
    const rest = state.doc.sliceString(from, state.doc.lineAt(from).to);
    const length = /^[^\s:,[\]{}]+/.exec(rest)?.[0].length ?? Math.min(1, rest.length);
    return { from, to: from + length, severity, message };
  });
}
