/**
 * The frame: its layers with their fields, and its bytes; the chosen field is lit in them, and stands in the link.
 */
import type { JSX } from 'preact';
import type { StepDocument } from '../../../src/stepping/document.js';
import type { Field } from '../../../src/stepping/fields.js';
import { go, link } from '../link.js';
import { plural } from '../parts/format.js';
import { Scroll } from './pane.js';

const ROW = 16;

export function Headers({ frame, layers }: StepDocument): JSX.Element {
  const chosen = link.value.parameters['field'] ?? '';
  const [layer, field] = chosen.split('.').map(Number);
  const lit = layers[layer ?? -1]?.fields[field ?? -1] ?? null;
  const cut = frame.captured < frame.original ? `, of which ${plural(frame.captured, 'byte')} were captured` : '';
  return (
    <>
      <p>
        {plural(frame.original, 'byte')} on the wire{cut}.
      </p>
      <ol class="layers">
        {layers.map(({ name, offset, length, fields, note }, l) => (
          <li key={`${l} ${name}`}>
            <h3>
              {name}{' '}
              <span class="soft">
                {plural(length, 'byte')} at {offset}
                {note === null ? '' : `; ${note}`}
              </span>
            </h3>
            {fields.length > 0 && <Fields name={name} fields={fields} layer={l} chosen={chosen} />}
          </li>
        ))}
      </ol>
      <Bytes bytes={frame.bytes} captured={frame.captured} lit={lit} />
    </>
  );
}

function Fields(given: {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly layer: number;
  readonly chosen: string;
}): JSX.Element {
  const { name, fields, layer, chosen } = given;
  return (
    <table class="fields">
      <caption class="unseen">Fields of {name}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Value</th>
          <th scope="col">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((field, f) => {
          const place = `${layer}.${f}`;
          const isChosen = place === chosen;
          const { offset, length } = field;
          const bytes = length > 1 ? `${offset}–${offset! + length - 1}` : `${offset}`;
          return (
            <tr key={field.name} class={isChosen ? 'lit' : undefined}>
              <th scope="row">{field.name}</th>
              <td>{field.value}</td>
              <td class="number">
                {offset === null ? (
                  <span class="soft">not told</span>
                ) : (
                  <button
                    type="button"
                    class="place"
                    aria-pressed={isChosen}
                    aria-label={`${bytes}: light ${field.name} in the bytes`}
                    onClick={() => go('step', { field: isChosen ? null : place }, true)}
                  >
                    {bytes}
                  </button>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Bytes(given: {
  readonly bytes: Uint8Array;
  readonly captured: number;
  readonly lit: Field | null;
}): JSX.Element {
  const { bytes, captured, lit } = given;
  const [from, to] = lit === null || lit.offset === null ? [-1, -1] : [lit.offset, lit.offset + lit.length];
  const rows = Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, row) => row * ROW);
  return (
    <Scroll label="Bytes of the frame">
      <pre class="bytes">
        {rows.map(start => {
          const end = Math.min(start + ROW, bytes.length);
          const [a, b] = [clamp(from, start, end), clamp(to, start, end)];
          return (
            <span key={start}>
              <span class="soft">{start.toString(16).padStart(4, '0')} </span> {hex(bytes, start, a)}
              {b > a && <mark>{hex(bytes, a, b).trimEnd()}</mark>}
              {b > a ? ' ' : ''}
              {hex(bytes, b > a ? b : a, end)}
              {'\n'}
            </span>
          );
        })}
      </pre>
      {bytes.length < captured && <p class="soft">{plural(captured - bytes.length, 'more byte')} are not shown.</p>}
    </Scroll>
  );
}

const clamp = (at: number, low: number, high: number): number => Math.max(low, Math.min(at, high));

const hex = (bytes: Uint8Array, from: number, to: number): string =>
  Array.from(bytes.subarray(from, to), byte => `${byte.toString(16).padStart(2, '0')} `).join('');
