// biome-ignore-all lint/a11y/useSemanticElements: rows out of sight are not there, as no table element allows
/**
 * A table of any number of rows, of which those in sight are drawn.
 *
 * In:  how many rows there are, and who has them (`fetch`, answered in blocks).  Out: a grid with the roles, names and keys of one.
 * A browser draws no element higher than some 17 million pixels: behind that, the scroll bar stands for the rows in proportion.
 * `version` changes when the rows do: what was fetched is forgotten, and the place stays.
 */

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { count } from './format.js';

export interface Column {
  readonly name: string;
  readonly title: string;
  /** In rem: at least so wide. */
  readonly width: number;
  /** Its share of what is left. */
  readonly grows?: number;
  /** The cell as it is drawn; its title has the whole text. */
  shown?(text: string): string;
  readonly isNumber?: boolean;
  readonly isSortable?: boolean;
}

export interface Order {
  readonly by: string;
  readonly isDescending: boolean;
}

export interface TableProps {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly version: unknown;
  fetch(from: number, count: number): Promise<readonly (readonly string[])[]>;
  /** -1 for none. */
  readonly selected: number;
  onSelect(row: number): void;
  readonly order?: Order | null;
  onOrder?(by: string): void;
  /** A class for a row, by its cells. */
  rowClass?(cells: readonly string[]): string;
}

const ROW = 28;
/** Between columns, in rem. */
const GAP = 0.75;
const MOST_HEIGHT = 12_000_000;
const BLOCK = 128;
/** Blocks kept. */
const KEPT = 64;
/** Rows drawn beyond those in sight, on each side. */
const BEYOND = 6;

let tables = 0;

export function VirtualTable(props: TableProps): JSX.Element {
  const { label, columns, rows, version, selected, onSelect, order } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [id] = useState(() => `table-${++tables}`);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);
  const blocks = useBlocks(props);

  useEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const whole = rows * ROW;
  const drawn = Math.min(whole, MOST_HEIGHT);
  const room = Math.max(0, height - ROW);
  /** Pixels of the rows for a pixel of the scroll bar. */
  const scale = drawn > room ? (whole - room) / (drawn - room) : 1;
  const offset = top * scale;
  const first = Math.max(0, Math.floor(offset / ROW) - BEYOND);
  const last = Math.min(rows, Math.ceil((offset + room) / ROW) + BEYOND);

  // A row that is chosen by key or link comes into sight.
  useEffect(() => {
    if (selected < 0 || selected >= rows) return;
    const element = scroller.current!;
    const [above, below] = [selected * ROW, (selected + 1) * ROW];
    if (above < offset) element.scrollTop = above / scale;
    else if (below > offset + room) element.scrollTop = (below - room) / scale;
  }, [selected, rows, version]);

  function onKeyDown(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(room / ROW) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: selected + 1,
      ArrowUp: selected < 0 ? 0 : selected - 1,
      PageDown: selected + page,
      PageUp: selected - page,
      Home: 0,
      End: rows - 1,
    };
    const to = steps[event.key];
    if (to === undefined || rows === 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    onSelect(Math.min(rows - 1, Math.max(0, to)));
  }

  const tracks = columns.map(({ width, grows }) => (grows ? `minmax(${width}rem, ${grows}fr)` : `${width}rem`));
  const wide = columns.reduce((sum, { width }) => sum + width + GAP, GAP);
  const template = { gridTemplateColumns: tracks.join(' '), minWidth: `${wide}rem` };
  const shown: JSX.Element[] = [];
  for (let row = first; row < last; row++) {
    const cells = blocks(row);
    shown.push(
      // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
      // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus, and names its active row
      <div
        role="row"
        id={`${id}-${row}`}
        key={row}
        aria-rowindex={row + 2}
        aria-selected={row === selected}
        class={`row ${cells === null ? 'waiting' : (props.rowClass?.(cells) ?? '')}`}
        style={{ ...template, top: `${row * ROW - offset}px` }}
        onClick={() => onSelect(row)}
      >
        {columns.map(({ name, isNumber, shown: show }, i) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
          <div role="gridcell" class={isNumber ? 'number' : ''} title={cells?.[i]} key={name}>
            {cells === null ? '…' : show ? show(cells[i]!) : cells[i]}
          </div>
        ))}
      </div>,
    );
  }

  return (
    <div
      role="grid"
      class="grid"
      aria-label={`${label}, ${count(rows)} rows`}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length}
      aria-activedescendant={selected >= first && selected < last ? `${id}-${selected}` : undefined}
      tabIndex={0}
      ref={scroller}
      onKeyDown={onKeyDown}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
    >
      {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons are */}
      <div role="row" class="row head" aria-rowindex={1} style={template}>
        {columns.map(column => (
          <Heading column={column} order={order ?? null} onOrder={props.onOrder} key={column.name} />
        ))}
      </div>
      <div role="rowgroup" class="window" style={{ height: `${room}px`, minWidth: `${wide}rem` }}>
        {shown}
      </div>
      <div class="extent" style={{ height: `${Math.max(0, drawn - room)}px` }} />
    </div>
  );
}

interface HeadingProps {
  readonly column: Column;
  readonly order: Order | null;
  readonly onOrder: TableProps['onOrder'];
}

function Heading({ column: { name, title, isNumber, isSortable }, order, onOrder }: HeadingProps): JSX.Element {
  const isBy = order?.by === name;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: its button is
    <div
      role="columnheader"
      class={isNumber ? 'number' : ''}
      aria-sort={isBy ? (order.isDescending ? 'descending' : 'ascending') : undefined}
    >
      {isSortable && onOrder ? (
        <button type="button" onClick={() => onOrder(name)}>
          {title}
          <span aria-hidden="true">{isBy ? (order.isDescending ? ' ▼' : ' ▲') : ''}</span>
        </button>
      ) : (
        title
      )}
    </div>
  );
}

type Cells = readonly string[];

/** Rows by number: null until they came, which draws the table again. */
function useBlocks({ fetch, version, rows }: TableProps): (row: number) => Cells | null {
  const [, draw] = useState(0);
  const kept = useRef({ version: undefined as unknown, blocks: new Map<number, readonly Cells[] | null>() });
  if (kept.current.version !== version) kept.current = { version, blocks: new Map() };
  const { blocks } = kept.current;
  return row => {
    const block = Math.floor(row / BLOCK);
    if (!blocks.has(block)) {
      blocks.set(block, null);
      if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value!);
      const from = block * BLOCK;
      void fetch(from, Math.min(BLOCK, rows - from)).then(
        fetched => {
          if (!blocks.has(block)) return;
          blocks.set(block, fetched);
          draw(n => n + 1);
        },
        () => blocks.delete(block),
      );
    }
    return blocks.get(block)?.[row % BLOCK] ?? null;
  };
}
