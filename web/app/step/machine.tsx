/**
 * The state machine of the packet's protocol as connection tracking runs it: the state before, the step that this packet made, the
 * timer behind it; drawn, and as a list.
 */
import type { JSX } from 'preact';
import type { StepDocument } from '../../../src/stepping/document.js';
import type { MachineStep } from '../../../src/stepping/machine-step.js';
import type { MachineEdge } from '../../../src/stepping/machines.js';
import { BOX, pathOf, placesOf, WIDTH } from './machine-places.js';
import { Scroll } from './pane.js';
import { seconds } from './words.js';

export function MachinePane({ machine: step, conntrack, explanation }: StepDocument): JSX.Element {
  const said = explanation.connection;
  if (step === null) {
    return (
      <p>
        {conntrack === 'linux'
          ? 'Connection tracking did not see this packet by itself: it is a copy, a fragment, or not for it.'
          : `The entries of this kind of table (${conntrack}) are not described.`}
      </p>
    );
  }
  const { machine, before, after, timer } = step;
  return (
    <>
      <p>
        {machine.protocol}: <strong>{stepText(step)}</strong>
        {said === null
          ? ''
          : ` Connection tracking calls the packet ${said.packet}${said.invalid === null ? '' : `: ${said.invalid}`}.`}
      </p>
      {timer !== null && (
        <p>
          Timer: {timer.name === null ? '' : <code>{timer.name}</code>} ({timer.about}); it ends the entry in{' '}
          {seconds(timer.seconds)}, unless another packet comes.
        </p>
      )}
      <Scroll label={`Drawing of the state machine of ${machine.protocol}`}>
        <Drawing step={step} />
      </Scroll>
      <details class="as-list">
        <summary>The same as a list</summary>
        <ul>
          {machine.states.map(({ name, about }) => (
            <li key={name}>
              <strong>{name}</strong> ({about}){name === before && ' ← before this packet'}
              {name === after && ' ← after this packet'}
              <ul>
                {machine.edges
                  .filter(({ from }) => from === name)
                  .map(({ to, events }) => (
                    <li key={to}>
                      {events.join(', ')} → {to}
                    </li>
                  ))}
              </ul>
            </li>
          ))}
        </ul>
        {machine.notes.map(note => (
          <p class="soft" key={note}>
            {note}
          </p>
        ))}
      </details>
    </>
  );
}

function stepText({ before, after, event, cell }: MachineStep): string {
  const by = event === null ? '' : `${event}: `;
  const what = cell === 'ignored' || cell === 'invalid' ? ` (the table says: ${cell})` : '';
  return before === after ? `${by}it stays ${before}${what}.` : `${by}${before} → ${after}${what}.`;
}

function Drawing({ step }: { readonly step: MachineStep }): JSX.Element {
  const { machine, before, after } = step;
  const places = placesOf(machine);
  const isTaken = ({ from, to }: MachineEdge): boolean => from === before && to === after;
  const isKnown = machine.edges.some(isTaken);
  const made: MachineEdge[] =
    before === after || isKnown ? [] : [{ from: before, to: after, events: ['not in the table'] }];
  // The taken one last: it lies above the others.
  const edges = [...machine.edges.filter(it => !isTaken(it)), ...machine.edges.filter(isTaken), ...made];
  return (
    <svg
      class="drawing"
      viewBox={`0 0 ${WIDTH} ${places.height}`}
      style={{ maxWidth: `${WIDTH * 1.15}px` }}
      role="img"
      aria-labelledby="machine-title machine-text"
    >
      <title id="machine-title">State machine of {machine.protocol}</title>
      <desc id="machine-text">{stepText(step)}</desc>
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="8"
          refY="4"
          markerWidth="9"
          markerHeight="9"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path class="head" d="M0 0L8 4L0 8z" />
        </marker>
        <marker
          id="arrow-lit"
          viewBox="0 0 8 8"
          refX="8"
          refY="4"
          markerWidth="12"
          markerHeight="12"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path class="head lit" d="M0 0L8 4L0 8z" />
        </marker>
      </defs>
      {edges.map(edge => {
        const isLit = isTaken(edge);
        return (
          <path
            key={`${edge.from} ${edge.to}`}
            class={isLit ? 'edge lit' : 'edge'}
            d={pathOf(edge, places).d}
            marker-end={isLit ? 'url(#arrow-lit)' : 'url(#arrow)'}
          >
            <title>
              {edge.from} → {edge.to}: {edge.events.join(', ')}
            </title>
          </path>
        );
      })}
      {machine.states.map(({ name, about }) => {
        const [x, y] = places.at[name]!;
        const mark = name === after ? 'box after' : name === before ? 'box before' : 'box';
        return (
          <g key={name}>
            <rect
              class={mark}
              x={x - BOX.width / 2}
              y={y - BOX.height / 2}
              width={BOX.width}
              height={BOX.height}
              rx={6}
            >
              <title>
                {name}: {about}
              </title>
            </rect>
            <text class="words" x={x} y={y + 4.5} text-anchor="middle">
              {name}
            </text>
            {(name === after || name === before) && (
              <text class="label lit halo" x={x} y={y - BOX.height / 2 - 5} text-anchor="middle">
                {name === after ? (name === before ? 'stays' : 'after') : 'before'}
              </text>
            )}
          </g>
        );
      })}
      {edges.filter(isTaken).map(edge => {
        const { middle, isShort } = pathOf(edge, places);
        // Between two boxes there is no room for words, and above them stands which is which.
        const y = isShort ? middle[1] + BOX.height / 2 + 13 : middle[1] - 6;
        return (
          <text class="label lit halo" x={middle[0]} y={y} text-anchor="middle" key={`${edge.from} label`}>
            {step.event ?? edge.events[0]}
          </text>
        );
      })}
    </svg>
  );
}
