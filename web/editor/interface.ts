/**
 * What the page knows of the editor: types alone. The editor is a script of its own, loaded when something is edited.
 */

export interface EditorProblem {
  readonly severity: 'error' | 'warning';
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface EditorCompletions {
  /** Where the word begins that is replaced, up to the cursor. */
  readonly from: number;
  readonly items: readonly {
    readonly label: string;
    readonly insert: string;
    readonly is: 'field' | 'value';
    readonly detail: string;
  }[];
}

export interface EditorOptions {
  onChange(text: string): void;
  complete(text: string, offset: number): Promise<EditorCompletions>;
}

export interface Editor {
  /** Each file keeps its history of changes and its place. A text that differs from what is shown replaces it. */
  show(file: { readonly name: string; readonly text: string; readonly isReadOnly: boolean }): void;
  problems(all: readonly EditorProblem[]): void;
  /** Lines of the file that is shown, from 1. */
  light(lines: readonly number[]): void;
  /** Puts the cursor there and shows it. */
  goTo(line: number, column: number): void;
  focus(): void;
  close(): void;
}

export interface PolicapEditor {
  create(parent: HTMLElement, options: EditorOptions): Editor;
}
