/**
 * The step view: one packet at a time, forward and back, and everything that decides about it.
 *
 * In:  the link: `packet`, `field`, `closed`, `source`.  Out: panes of the engine's document of that packet. Arrow keys, Home and End
 * step, unless what has the focus uses them itself.
 */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { StepDocument } from '../../../src/stepping/document.js';
import { href } from '../link.js';
import { download } from '../parts/download.js';
import { count, plural } from '../parts/format.js';
import { judged, progressed } from '../workspace.js';
import { ConnectionsPane } from './connections.js';
import { Headers } from './headers.js';
import { MachinePane } from './machine.js';
import { Pane } from './pane.js';
import { RulesPane } from './rules.js';
import { SourcePane } from './source.js';
import { fault, follow, isAsking, shown, stepTo, wanted } from './stepping.js';
import { Toolbar } from './toolbar.js';
import { TreePane } from './tree-drawing.js';
import { VerdictPane } from './verdict.js';
import { seconds } from './words.js';

export function StepView(): JSX.Element {
  useEffect(follow, []);
  useEffect(() => {
    addEventListener('keydown', stepByKey);
    return () => removeEventListener('keydown', stepByKey);
  }, []);
  const summary = judged.value?.summary ?? null;
  if (summary === null) {
    return (
      <section>
        <h1>Step</h1>
        <p>
          Nothing is judged yet: <a href={href('open')}>give a capture, policies and a cluster</a>.
        </p>
      </section>
    );
  }
  const answer = shown.value;
  const document = answer?.document ?? null;
  const total = answer?.total ?? summary.packets.total;
  return (
    <section class="step">
      <h1>Step</h1>
      <Toolbar document={document} total={total} />
      <p class="soft step-keys">
        Keys: <kbd>←</kbd> back, <kbd>→</kbd> forward, <kbd>Home</kbd> first, <kbd>End</kbd> last.
      </p>
      <p class="unseen" role="status">
        {document === null ? '' : announced(document)}
      </p>
      {fault.value !== null && <p class="dropped-text">{fault.value}</p>}
      {answer?.damage && <p class="undecided-text">{answer.damage}</p>}
      {answer !== null && document === null && (
        <p>
          There is no packet {count(wanted.value)}: the capture holds {plural(total, 'packet')}.
        </p>
      )}
      {isAsking.value && document === null && <Reading />}
      {document !== null && <Panes document={document} />}
      {document !== null && (
        <button type="button" onClick={() => downloadStep(document)}>
          Save this packet as JSON
        </button>
      )}
      <SourcePane />
    </section>
  );
}

function downloadStep(document: StepDocument): void {
  // Bytes as a dump has them.
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Array.from(value, byte => byte.toString(16).padStart(2, '0')).join(' ') : value;
  const blob = new Blob([`${JSON.stringify(document, plain, 2)}\n`], { type: 'application/json' });
  download(`packet-${document.number}.json`, blob);
}

function Panes({ document }: { readonly document: StepDocument }): JSX.Element {
  const { number, time, sincePrevious } = document;
  return (
    <>
      <p class="step-when">
        <strong>Packet {count(number)}</strong>
        {time === null ? '' : `, ${time}`}
        {sincePrevious === null ? '' : `, ${seconds(sincePrevious)} after the packet before`}
        {isAsking.value && <Reading />}
      </p>
      <div class="panes">
        <div class="panes-left">
          <Pane name="verdict" title="Verdict">
            <VerdictPane {...document} />
          </Pane>
          <Pane name="rules" title="Rules">
            <RulesPane {...document} />
          </Pane>
          <Pane name="table" title="Connection table">
            <ConnectionsPane {...document} />
          </Pane>
          <Pane name="headers" title="Headers">
            <Headers {...document} />
          </Pane>
        </div>
        <div class="panes-right">
          <Pane name="tree" title="Decision tree">
            <TreePane {...document} />
          </Pane>
          <Pane name="machine" title="State machine">
            <MachinePane {...document} />
          </Pane>
        </div>
      </div>
    </>
  );
}

function Reading(): JSX.Element {
  const packets = progressed.value?.packets ?? 0;
  return <span class="soft"> Reading the capture: {plural(packets, 'packet')} …</span>;
}

function announced({ number, total, explanation: { verdict, reason } }: StepDocument): string {
  return `Packet ${number} of ${total}: ${verdict}, ${reason}`;
}

/** What uses these keys itself keeps them. */
const KEEPS_KEYS = 'input, select, textarea, [contenteditable], dialog, [data-keeps-keys]';

function stepByKey(event: KeyboardEvent): void {
  const { key, target, repeat } = event;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  if (target instanceof Element && target.closest(KEEPS_KEYS) !== null) return;
  const total = shown.peek()?.total;
  if (total === undefined) return;
  const here = wanted.peek();
  const to =
    key === 'ArrowLeft' ? here - 1 : key === 'ArrowRight' ? here + 1 : key === 'Home' ? 1 : key === 'End' ? total : 0;
  if (to < 1 || to > total) return;
  event.preventDefault();
  if (to !== here) stepTo(to, repeat);
}
