/**
 * Asks for a file's name: of a new policy, or of a file that is renamed.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { go } from '../link.js';
import { Dialog } from '../parts/dialog.js';
import { change, current } from './edits.js';
import { fileOf, NEW_POLICY } from './files.js';

interface Asked {
  readonly onClose: () => void;
  /** null: a new file. */
  readonly renamed: string | null;
}

export function NameDialog({ onClose, renamed }: Asked): JSX.Element {
  const name = useSignal(renamed ?? freeName());
  const trimmed = name.value.trim();
  const fault =
    trimmed === ''
      ? 'A file needs a name.'
      : trimmed !== renamed && fileOf(current.value, trimmed) !== undefined
        ? `There is a file ${trimmed} already.`
        : null;

  function take(): void {
    if (fault !== null) return;
    const files = current.value;
    if (renamed === null) change([...files, { name: trimmed, text: NEW_POLICY }]);
    else change(files.map(it => (it.name === renamed ? { name: trimmed, text: it.text } : it)));
    onClose();
    go('edit', { file: trimmed, line: null });
  }

  return (
    <Dialog title={renamed === null ? 'New policy' : `Rename ${renamed}`} onClose={onClose}>
      <form
        onSubmit={event => {
          event.preventDefault();
          take();
        }}
      >
        <label>
          File name{' '}
          <input
            type="text"
            value={name.value}
            aria-invalid={fault !== null}
            aria-describedby="name-fault"
            onInput={event => (name.value = event.currentTarget.value)}
          />
        </label>
        <p id="name-fault" class="dropped-text" aria-live="polite">
          {fault}
        </p>
        <div class="dialog-buttons">
          <button type="submit" disabled={fault !== null}>
            {renamed === null ? 'Create' : 'Rename'}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function freeName(): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? 'new-policy.yaml' : `new-policy-${i}.yaml`;
    if (fileOf(current.value, name) === undefined) return name;
  }
}
