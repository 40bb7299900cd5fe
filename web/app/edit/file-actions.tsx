/**
 * What can be done with the file that is shown: rename, take away, revert, download.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { DocumentInput } from '../../worker/protocol.js';
import { go } from '../link.js';
import { downloadText } from '../parts/download.js';
import { answer, change, current, opened, saved } from './edits.js';
import { fileOf, replaced } from './files.js';
import { NameDialog } from './name-dialog.js';

export function FileActions({ file }: { readonly file: DocumentInput }): JSX.Element {
  const isNaming = useSignal(false);
  const { name, text } = file;
  const isReadOnly = answer.value?.readOnly.includes(name) ?? true;
  const was = fileOf(opened.value, name);

  const download = (): void => {
    downloadText(name, text);
    saved.value = replaced(saved.value, name, text);
  };
  const takeAway = (): void => {
    change(current.value.filter(it => it.name !== name));
    go('edit', { file: null, line: null });
  };

  return (
    <div class="edit-file">
      <h2>{name}</h2>
      {isReadOnly ? (
        <span class="soft">of the cluster: can be read here, not changed</span>
      ) : (
        <>
          <button
            type="button"
            disabled={was === undefined || was.text === text}
            onClick={() => change(replaced(current.value, name, was?.text ?? text))}
          >
            Revert
          </button>
          <button type="button" onClick={() => (isNaming.value = true)}>
            Rename
          </button>
          <button type="button" onClick={takeAway}>
            Take away
          </button>
        </>
      )}
      <button type="button" onClick={download}>
        Download this file
      </button>
      {isNaming.value && <NameDialog onClose={() => (isNaming.value = false)} renamed={name} />}
    </div>
  );
}
