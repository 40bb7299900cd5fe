/**
 * The filter: an expression of `--where`, applied while it is typed.
 *
 * In:  the expression, what is wrong with it, and how many records it chose.  Out: the link's `where`.
 */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { go } from '../link.js';
import { count } from '../parts/format.js';

interface FilterProps {
  readonly where: string;
  readonly fault: string | null;
  readonly rows: number;
  readonly of: number;
  readonly unit: string;
}

const EXAMPLES = [
  'verdict == dropped',
  'verdict == dropped && dport == 53',
  'src in 10.0.0.0/8 && !(dst in 10.0.0.0/8)',
  'ingress_policies ~ shop/*',
  'protocol == UDP && egress_reason == default-deny',
];

/** Between the last key and the filter. */
const PAUSE = 150;

export function Filter({ where, fault, rows, of, unit }: FilterProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  // A link, or the way back, changes it too; while it is typed it is the reader's.
  useEffect(() => {
    const field = input.current!;
    if (document.activeElement !== field) field.value = where;
  }, [where]);

  const apply = (text: string): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => go('replay', { where: text.trim(), row: null }, true), PAUSE) as unknown as number;
  };

  return (
    <search class="filter">
      <label for="where">Filter</label>
      <input
        id="where"
        type="search"
        class="code"
        list="where-examples"
        autocomplete="off"
        spellcheck={false}
        placeholder="verdict == dropped && dport == 53"
        ref={input}
        aria-invalid={fault !== null}
        aria-describedby="where-says"
        onInput={event => apply(event.currentTarget.value)}
      />
      <datalist id="where-examples">
        {EXAMPLES.map(it => (
          <option value={it} key={it} />
        ))}
      </datalist>
      <output id="where-says" class={fault === null ? 'soft' : 'dropped-text'}>
        {fault ?? `${count(rows)} of ${count(of)} ${unit}`}
      </output>
    </search>
  );
}
