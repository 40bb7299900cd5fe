/**
 * The editor's place in the page: the script is loaded when it is first needed, and kept in step with what is shown.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Editor, PolicapEditor } from '../../editor/interface.js';
import type { DocumentInput, DocumentProblem } from '../../worker/protocol.js';
import { loadScript } from '../engine.js';
import { engine } from '../workspace.js';
import { answer, change, current } from './edits.js';
import { fileOf, replaced } from './files.js';

let loaded: Promise<PolicapEditor> | null = null;

function loadEditor(): Promise<PolicapEditor> {
  loaded ??= loadScript('editor.js').then(
    () => (globalThis as unknown as { policapEditor: PolicapEditor }).policapEditor,
    error => {
      loaded = null;
      throw error;
    },
  );
  return loaded;
}

interface Shown {
  readonly file: DocumentInput;
  /** From 1; 0: none is lit. */
  readonly line: number;
}

export function EditorPane({ file, line }: Shown): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const editor = useSignal<Editor | null>(null);
  const fault = useSignal('');
  const shown = useRef(file.name);
  shown.current = file.name;
  const known = answer.value;
  const isReadOnly = known?.readOnly.includes(file.name) ?? true;

  useEffect(() => {
    let made: Editor | null = null;
    let isGone = false;
    loadEditor().then(
      ({ create }) => {
        if (isGone || host.current === null) return;
        made = create(host.current, {
          onChange(text) {
            const name = shown.current;
            if (fileOf(current.peek(), name)?.text !== text) change(replaced(current.peek(), name, text));
          },
          complete: (text, offset) => engine.complete(text, offset),
        });
        editor.value = made;
      },
      error => {
        fault.value = String(error.message ?? error);
      },
    );
    return () => {
      isGone = true;
      made?.close();
    };
  }, []);

  const shows = editor.value;
  useEffect(() => {
    // Keys may have been pressed since this text was shown.
    const text = fileOf(current.peek(), file.name)?.text ?? file.text;
    shows?.show({ name: file.name, text, isReadOnly });
  }, [shows, file.name, file.text, isReadOnly]);
  useEffect(() => {
    shows?.light(line > 0 ? [line] : []);
    if (line > 0) shows?.goTo(line, 1);
  }, [shows, file.name, line]);
  useEffect(() => {
    shows?.problems(problemsOf(known?.problems ?? [], file.name));
  }, [shows, file.name, known]);

  return (
    <>
      <div class="editor" ref={host} />
      {fault.value !== '' && <p class="dropped-text">{fault.value}</p>}
      {!isReadOnly && (
        <p class="soft keys">
          <kbd>Ctrl+Space</kbd> completes, <kbd>F8</kbd> goes to the next problem, <kbd>Ctrl+]</kbd> and{' '}
          <kbd>Ctrl+[</kbd> indent, <kbd>Tab</kbd> leaves the editor.
        </p>
      )}
    </>
  );
}

const problemsOf = (problems: readonly DocumentProblem[], name: string) =>
  problems
    .filter(({ file, line }) => file === name && line > 0)
    .map(({ severity, line, column, message, hint }) => ({
      severity,
      line,
      column,
      message: hint === null ? message : `${message}\n${hint}`,
    }));
