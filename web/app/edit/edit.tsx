/**
 * The edit view: documents, the editor, and what changes beside it.
 *
 * In:  edits.ts, and the link: `file` is shown, `line` is lit; or both as `at`.  Out: changes of edits.ts.
 */
import '../../style/edit.css';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { href, link } from '../link.js';
import { Problems } from '../parts/problems.js';
import { ShareDialog } from '../share/share.js';
import { workspace } from '../workspace.js';
import { Changes } from './changes.js';
import { EditorPane } from './editor-pane.js';
import { answer, ask, before, current, setBefore } from './edits.js';
import { FileActions } from './file-actions.js';
import { FileList } from './file-list.js';
import { editsBetween, fileOf } from './files.js';
import { NameDialog } from './name-dialog.js';

export function EditView(): JSX.Element {
  const isSharing = useSignal(false);
  const isNaming = useSignal(false);
  const files = current.value;
  useEffect(() => void ask(), [workspace.value]);

  const given = link.value.parameters;
  // `at` is `file:line:column`, as outcomes say it.
  const [, atFile, atLine] = /^(.*):(\d+):\d+$/.exec(given['at'] ?? '') ?? [];
  const asked = given['file'] ?? atFile ?? '';
  const known = answer.value;
  const first = files.find(it => !(known?.readOnly ?? []).includes(it.name)) ?? files[0];
  const file = fileOf(files, asked) ?? first;
  const line = Number(given['line'] ?? (given['file'] === undefined ? atLine : 0) ?? 0);

  return (
    <section class="edit">
      <div class="edit-head">
        <h1>Edit and see</h1>
        <div class="edit-tools">
          <button type="button" onClick={() => (isNaming.value = true)}>
            New policy
          </button>
          <button
            type="button"
            onClick={() => setBefore(current.value)}
            disabled={editsBetween(before.value, files).length === 0}
          >
            Take as &ldquo;before&rdquo;
          </button>
          <button type="button" onClick={() => (isSharing.value = true)} disabled={files.length === 0}>
            Download workspace
          </button>
        </div>
      </div>
      <div class="edit-columns">
        <FileList shown={file?.name ?? ''} />
        <div class="edit-text">
          {file === undefined ? (
            <p>There are no documents: open some, or write a new policy.</p>
          ) : known === null ? (
            <p>Reading …</p>
          ) : (
            <>
              <FileActions file={file} />
              <EditorPane file={file} line={line} />
            </>
          )}
          <Problems
            problems={known?.problems ?? []}
            hrefOf={({ file: name, line: at }) => href('edit', { file: name, line: at })}
          />
        </div>
        <Changes />
      </div>
      {isSharing.value && <ShareDialog onClose={() => (isSharing.value = false)} />}
      {isNaming.value && <NameDialog onClose={() => (isNaming.value = false)} renamed={null} />}
    </section>
  );
}
