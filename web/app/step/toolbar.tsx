/**
 * Where to go: first, back, forward, last, a number, and the next packet of a kind.
 */
import type { JSX } from 'preact';
import type { StepDocument } from '../../../src/stepping/document.js';
import { count } from '../parts/format.js';
import { stepTo, wanted } from './stepping.js';

const KINDS = [
  ['dropped', 'dropped'],
  ['changes', 'that changes the table'],
  ['connection', 'of this connection'],
] as const;

export function Toolbar(given: { readonly document: StepDocument | null; readonly total: number }): JSX.Element {
  const { document, total } = given;
  const number = wanted.value;
  return (
    <div class="step-bar" role="toolbar" aria-label="Packets">
      <Go to={number > 1 ? 1 : null} name="First" sign="|◀" />
      <Go to={number > 1 ? number - 1 : null} name="Back" sign="◀" />
      <form
        onSubmit={event => {
          event.preventDefault();
          const asked = Number(new FormData(event.currentTarget).get('packet'));
          if (Number.isInteger(asked) && asked >= 1) stepTo(Math.min(asked, total));
        }}
      >
        <label>
          Packet <input name="packet" type="number" min={1} max={total} step={1} value={number} key={number} required />
        </label>{' '}
        of {count(total)} <button type="submit">Go</button>
      </form>
      <Go to={number < total ? number + 1 : null} name="Forward" sign="▶" />
      <Go to={number < total ? total : null} name="Last" sign="▶|" />
      {KINDS.map(([kind, words]) => (
        <span class="step-kind" key={kind}>
          <Go to={document?.next[kind].back ?? null} name={`Previous ${words}`} sign="◁" isShort />
          <span class="step-kind-name">{words}</span>
          <Go to={document?.next[kind].forward ?? null} name={`Next ${words}`} sign="▷" isShort />
        </span>
      ))}
    </div>
  );
}

/** Not `disabled`, which would take the focus away from who steps to the end. */
function Go(given: {
  readonly to: number | null;
  readonly name: string;
  readonly sign: string;
  readonly isShort?: boolean;
}): JSX.Element {
  const { to, name, sign, isShort = false } = given;
  return (
    <button
      type="button"
      aria-disabled={to === null}
      aria-label={isShort ? name : undefined}
      title={isShort ? name : undefined}
      onClick={() => {
        if (to !== null) stepTo(to);
      }}
    >
      <span aria-hidden="true">{sign}</span>
      {isShort ? '' : ` ${name}`}
    </button>
  );
}
