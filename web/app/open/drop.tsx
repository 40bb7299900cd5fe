/**
 * Where files are dropped, or chosen by keyboard.
 *
 * In:  files.  Out: the workspace with them, and a sentence for each that is neither a capture nor a document; or a workspace that was
 * shared as one file, with all that it shows. From the first view the
 * reader is taken to the replay when something was judged; another view stays, with its link.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { restore } from '../edit/edits.js';
import { follow, go, link } from '../link.js';
import { readShared, ShareFault } from '../share/file.js';
import { add, judged, status } from '../workspace.js';
import { sortFiles } from './files.js';

export function Drop(): JSX.Element {
  const refused = useSignal<readonly string[]>([]);
  const isOver = useSignal(false);

  async function take(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const { refused: not, shared, ...added } = await sortFiles(files);
    refused.value = not;
    if (shared !== null) return takeShared(shared);
    if (added.captures.length + added.documents.length === 0) return;
    await add(added);
    if (link.value.view === 'open' && status.value.is === 'ready' && judged.value?.summary) go('replay');
  }

  async function takeShared(file: File): Promise<void> {
    try {
      const { link: shown, ...its } = await readShared(file, file.name);
      await restore(its);
      follow(shown);
    } catch (error) {
      if (!(error instanceof ShareFault)) throw error;
      refused.value = [error.message];
    }
  }

  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same by keyboard */}
      <div
        class={isOver.value ? 'drop over' : 'drop'}
        onDragOver={event => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => {
          isOver.value = false;
        }}
        onDrop={event => {
          event.preventDefault();
          isOver.value = false;
          void take([...(event.dataTransfer?.files ?? [])]);
        }}
      >
        <label>
          <span>Drop files here, or choose them</span>
          <input
            type="file"
            multiple
            onChange={event => {
              const input = event.currentTarget;
              void take([...(input.files ?? [])]).then(() => {
                input.value = '';
              });
            }}
          />
        </label>
        <Folder onTake={files => void take(files)} />
      </div>
      {refused.value.map(sentence => (
        <p class="dropped-text" role="alert" key={sentence}>
          {sentence}
        </p>
      ))}
    </>
  );
}

/** All files of a folder and those below it, named by their paths. */
function Folder({ onTake }: { onTake(files: readonly File[]): void }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current!.webkitdirectory = true;
  }, []);
  return (
    <label>
      <span>or all files of a folder</span>
      <input
        type="file"
        ref={input}
        onChange={event => {
          onTake([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
    </label>
  );
}
