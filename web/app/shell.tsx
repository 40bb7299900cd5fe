/**
 * The page's frame: where the reader may go, what is happening, and the view.
 */
import type { JSX } from 'preact';
import { EditView } from './edit/edit.js';
import { LessonsView } from './lessons/lessons.js';
import { href, link, type View } from './link.js';
import { OpenView } from './open/open.js';
import { bytes, plural } from './parts/format.js';
import { ReplayView } from './replay/replay.js';
import { StepView } from './step/step.js';
import { status } from './workspace.js';

const NAMES: Readonly<Record<View, string>> = {
  open: 'Open',
  replay: 'Replay',
  edit: 'Edit',
  step: 'Step',
  lessons: 'Lessons',
};

/** Views that exist, in the order of the navigation. */
const COMPONENTS: Partial<Record<View, () => JSX.Element>> = {
  open: OpenView,
  replay: ReplayView,
  step: StepView,
  edit: EditView,
  lessons: LessonsView,
};

export function Shell(): JSX.Element {
  const { view } = link.value;
  const Current = COMPONENTS[view] ?? OpenView;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header>
        <span class="brand">policap</span>
        <nav aria-label="Views">
          {(Object.keys(COMPONENTS) as View[]).map(it => (
            <a href={href(it)} aria-current={it === view ? 'page' : undefined} key={it}>
              {NAMES[it]}
            </a>
          ))}
        </nav>
      </header>
      <StatusLine />
      <main id="main" tabIndex={-1}>
        <Current />
      </main>
    </>
  );
}

function StatusLine(): JSX.Element {
  const now = status.value;
  return (
    <div role="status" class="status">
      {now.is === 'judging' && <Judging />}
      {now.is === 'failed' && <p class="dropped-text">{now.sentence}</p>}
    </div>
  );
}

function Judging(): JSX.Element {
  const now = status.value;
  const progress = now.is === 'judging' ? now.progress : null;
  if (progress === null) return <p>Reading …</p>;
  const { packets, bytesRead, bytesTotal } = progress;
  const of = bytesTotal === null ? bytes(bytesRead) : `${bytes(bytesRead)} of ${bytes(bytesTotal)}`;
  return (
    <p>
      <progress aria-label="Judging" {...(bytesTotal === null ? {} : { value: bytesRead, max: bytesTotal })} />{' '}
      {plural(packets, 'packet')} judged, {of} read
    </p>
  );
}
