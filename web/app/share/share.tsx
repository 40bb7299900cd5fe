/**
 * The workspace as one file: what goes into it is chosen here; opening it is the open view's business.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CaptureInput } from '../../worker/protocol.js';
import { before, current, saved } from '../edit/edits.js';
import { editsBetween } from '../edit/files.js';
import { href, link } from '../link.js';
import { Dialog } from '../parts/dialog.js';
import { download } from '../parts/download.js';
import { bytes, plural } from '../parts/format.js';
import { workspace } from '../workspace.js';
import { type SharedCapture, ShareFault, writeShared } from './file.js';

export function ShareDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const isWith = useSignal(false);
  const fault = useSignal('');
  const isBusy = useSignal(false);
  const { captures, options } = workspace.value;
  const size = captures.every(it => it.blob !== undefined)
    ? `, ${bytes(captures.reduce((sum, it) => sum + (it.blob?.size ?? 0), 0))}`
    : '';

  async function take(): Promise<void> {
    isBusy.value = true;
    try {
      const blob = await writeShared({
        captures: isWith.value ? await Promise.all(captures.map(withBytes)) : [],
        before: before.value,
        edits: editsBetween(before.value, current.value),
        options,
        // Not the address as it is: a server's token may stand in it.
        link: href(link.value.view, link.value.parameters),
      });
      download('workspace.policap', blob);
      saved.value = current.value;
      onClose();
    } catch (error) {
      fault.value = error instanceof ShareFault ? error.message : `The file could not be written: ${String(error)}`;
    }
    isBusy.value = false;
  }

  return (
    <Dialog title="Download workspace" onClose={onClose}>
      <p>
        One file with the documents before and after, the options, and what is shown now. Whoever opens it in policap
        sees the same.
      </p>
      {captures.length > 0 && (
        <>
          <label>
            <input
              type="checkbox"
              checked={isWith.value}
              onChange={event => (isWith.value = event.currentTarget.checked)}
            />{' '}
            with {plural(captures.length, 'capture')}
            {size}
          </label>
          <p class="soft">
            Captures hold what was sent: passwords, keys and data of people, where it was not encrypted.
          </p>
        </>
      )}
      <p class="dropped-text" role="alert">
        {fault.value}
      </p>
      <div class="dialog-buttons">
        <button type="button" onClick={() => void take()} disabled={isBusy.value}>
          Download
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

async function withBytes({ name, blob, url, authorization }: CaptureInput): Promise<SharedCapture> {
  if (blob !== undefined) return { name, blob };
  const headers = authorization === undefined ? undefined : { authorization };
  const response = url === undefined ? null : await fetch(url, headers && { headers }).catch(() => null);
  if (response === null || !response.ok)
    throw new ShareFault(`${name}: the server does not give it; is policap ui still running?`);
  return { name, blob: await response.blob() };
}
