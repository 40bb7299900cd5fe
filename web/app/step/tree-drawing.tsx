/**
 * The way through the decision tree, drawn: two address lookups, each comparison with both its sides, and where it ends; and the same
 * as a list.
 */
import type { JSX } from 'preact';
import type { StepDocument } from '../../../src/stepping/document.js';
import type { AddressClass, TreeWalk, WalkStep } from '../../../src/stepping/trees.js';
import { plural } from '../parts/format.js';
import { Scroll } from './pane.js';
import { wrapped } from './words.js';

const WIDTH = 600;
const MAIN = { x: 10, width: 300 };
const SIDE = { x: 380, width: 210 };
const GAP = 34;
const LINE = 17;
const PAD = 9;
/** Characters of a line in a box of that width. */
const MAIN_LETTERS = 40;
const SIDE_LETTERS = 27;

export function TreePane({ trees }: StepDocument): JSX.Element {
  const { walks, steps } = trees;
  if (walks.length === 0) return <p>The tree was not asked about this packet’s connection.</p>;
  const scanned = walks.reduce((sum, { scan }) => sum + scan.comparisons, 0);
  const tried = walks.reduce((sum, { scan }) => sum + scan.rules, 0);
  return (
    <>
      {steps !== null && (
        <p>
          The tree takes {plural(steps, 'step')}: loads of its tables, and comparisons. Rule after rule it would be{' '}
          {plural(tried, 'rule')} and {plural(scanned, 'comparison')}.
        </p>
      )}
      {walks.map(walk => (
        <Walk walk={walk} key={walk.direction} />
      ))}
    </>
  );
}

const question = ({ field, threshold }: WalkStep): string => `${field} ≤ ${threshold}?`;

const answer = ({ value, holds }: WalkStep): string => `${value}: ${holds ? 'yes' : 'no'}`;

const lookup = (role: string, { end, address, class: cls, classes }: AddressClass): string =>
  cls < 0 ? `${role}: ${end} ${address ?? ''}` : `${end} ${address ?? ''} → ${role} class ${cls} of ${classes}`;

const KINDS: Readonly<Record<TreeWalk['kind'], string>> = {
  dense: 'a table of class pairs, then a tree of header fields',
  sparse: 'runs of class pairs, then a tree of header fields',
  forest: 'trees over classes and header fields, then short lists',
  crossing: 'pairs of address sets, then lists of protocols and ports',
};

function Walk({ walk }: { readonly walk: TreeWalk }): JSX.Element {
  const { direction, kind, subject, peer, steps, end } = walk;
  return (
    <section>
      <h3>
        {direction} <span class="soft">{KINDS[kind]}</span>
      </h3>
      <Scroll label={`Drawing of the way through the tree, ${direction}`}>
        <Drawing walk={walk} />
      </Scroll>
      <details class="as-list">
        <summary>The same as a list</summary>
        <ol>
          <li>{lookup('subject', subject)}</li>
          <li>{lookup('peer', peer)}</li>
          {steps.map((step, i) => (
            <li key={`${i} ${step.field}`}>
              {question(step)} {answer(step)}
              {step.other === null ? '' : `; else ${step.other}`}
            </li>
          ))}
          <li>
            <strong>{end}</strong>
          </li>
        </ol>
      </details>
    </section>
  );
}

interface Box {
  readonly y: number;
  readonly height: number;
  readonly lines: readonly string[];
}

function Drawing({ walk }: { readonly walk: TreeWalk }): JSX.Element {
  const { direction, subject, peer, steps, end } = walk;
  const texts = [lookup('subject', subject), lookup('peer', peer), ...steps.map(question), end];
  const boxes: Box[] = [];
  let y = 4;
  for (const text of texts) {
    const lines = wrapped(text, MAIN_LETTERS);
    const height = lines.length * LINE + 2 * PAD;
    boxes.push({ y, height, lines });
    y += height + GAP;
  }
  const title = `tree-${direction}`;
  const last = boxes.length - 1;
  return (
    <svg
      class="drawing"
      viewBox={`0 0 ${WIDTH} ${y - GAP + 4}`}
      style={{ maxWidth: `${WIDTH * 1.15}px` }}
      role="img"
      aria-labelledby={`${title} ${title}-text`}
    >
      <title id={title}>The way through the tree, {direction}</title>
      <desc id={`${title}-text`}>
        {plural(steps.length, 'comparison')}: {steps.map(step => `${question(step)} ${answer(step)}`).join('; ')}. It
        ends at: {end}
      </desc>
      {boxes.map((box, i) => (
        <g key={box.y}>
          {i < last && <Down box={box} step={steps[i - 2] ?? null} />}
          {steps[i - 2] !== undefined && i < last && <Aside box={box} step={steps[i - 2]!} />}
          <rect
            class={i === last ? 'box end' : i < 2 ? 'box lookup' : 'box'}
            x={MAIN.x}
            y={box.y}
            width={MAIN.width}
            height={box.height}
            rx={i < 2 ? 14 : 4}
          />
          <Lines x={MAIN.x + MAIN.width / 2} box={box} />
        </g>
      ))}
    </svg>
  );
}

/** The side that was taken: down. */
function Down({ box, step }: { readonly box: Box; readonly step: WalkStep | null }): JSX.Element {
  const x = MAIN.x + MAIN.width / 2;
  const y = box.y + box.height;
  return (
    <>
      <path class="edge lit" d={`M${x} ${y}V${y + GAP - 7}`} />
      <path class="head lit" d={`M${x - 5} ${y + GAP - 8}h10l-5 8z`} />
      {step !== null && (
        <text class="label lit" x={x + 8} y={y + GAP / 2 + 4}>
          {answer(step)}
        </text>
      )}
    </>
  );
}

/** The other side. */
function Aside({ box, step }: { readonly box: Box; readonly step: WalkStep }): JSX.Element {
  const lines = wrapped(step.other ?? 'more is asked', SIDE_LETTERS).slice(0, 3);
  const height = lines.length * LINE + 2 * PAD - 6;
  const middle = box.y + box.height / 2;
  const aside = { y: middle - height / 2, height, lines };
  return (
    <>
      <path class="edge" d={`M${MAIN.x + MAIN.width} ${middle}H${SIDE.x}`} />
      <text class="label" x={MAIN.x + MAIN.width + 22} y={middle - 5}>
        {step.holds ? 'no' : 'yes'}
      </text>
      <rect class="box other" x={SIDE.x} y={aside.y} width={SIDE.width} height={height} rx={4} />
      <Lines x={SIDE.x + SIDE.width / 2} box={aside} isOther />
    </>
  );
}

function Lines(given: { readonly x: number; readonly box: Box; readonly isOther?: boolean }): JSX.Element {
  const { x, box, isOther = false } = given;
  const top = box.y + (box.height - box.lines.length * LINE) / 2 + 12.5;
  return (
    <text class={isOther ? 'words other' : 'words'} text-anchor="middle">
      {box.lines.map((line, i) => (
        <tspan x={x} y={top + i * LINE} key={`${i} ${line}`}>
          {`${line} `}
        </tspan>
      ))}
    </text>
  );
}
