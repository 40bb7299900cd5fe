/**
 * All that stepping shows of one packet, as plain data that postMessage() can clone (cold).
 *
 * In:  what a window kept of the packet (window.ts), and the capture's contents.  Out: a StepDocument, the same wherever the window began.
 */
import { explainPacket } from '../explain/explanation.js';
import { type ExplanationRecord, explanationRecord } from '../explain/json.js';
import { type ConntrackKind, timeoutsFor } from '../flow/kinds.js';
import { timeoutTable } from '../flow/timeouts.js';
import { profileField } from '../profile/profile.js';
import { conntrackOf } from '../replay-memory.js';
import type { Contents, Kind } from './contents.js';
import { type TableStep, tableStep } from './entries.js';
import { type Layer, layersOf } from './layers.js';
import { type MachineStep, machineStep } from './machine-step.js';
import { type Trees, treesOf } from './trees.js';
import type { KeptPacket, SteppingOptions } from './window.js';

export interface StepDocument {
  readonly number: number;
  /** Packets of the capture. */
  readonly total: number;
  readonly time: string | null;
  /** Seconds since the packet before; null for the first one. */
  readonly sincePrevious: number | null;
  /** The next packet of each kind, or null where there is none. */
  readonly next: Readonly<Record<Kind, { readonly back: number | null; readonly forward: number | null }>>;
  readonly frame: { readonly captured: number; readonly original: number; readonly bytes: Uint8Array };
  readonly layers: readonly Layer[];
  /** `policap.explain/1`. */
  readonly explanation: ExplanationRecord;
  readonly trees: Trees;
  readonly conntrack: ConntrackKind;
  readonly table: TableStep;
  /** null where connection tracking did not see the packet by itself, and for tables that are not described. */
  readonly machine: MachineStep | null;
}

/** Bytes of a frame that are shown. */
export const MOST_BYTES = 2048;

const KINDS: readonly Kind[] = ['dropped', 'changes', 'connection'];

export function stepDocument(
  { facts, frame, before, after }: KeptPacket,
  contents: Contents,
  options: SteppingOptions,
): StepDocument {
  const { packet, tracked, compiled } = facts;
  const { number } = packet;
  const explanation = explainPacket(facts);
  const conntrack = conntrackOf(options, compiled);
  const record = explanationRecord(explanation, profileField(compiled.profile));
  const next = KINDS.map(kind => [
    kind,
    { back: contents.next(number, kind, -1), forward: contents.next(number, kind, 1) },
  ]);
  // What the first copy did to the table, this one did not.
  const own = contents.copyOf(number) === null ? tracked : null;
  return {
    number,
    total: contents.packets,
    time: explanation.packet!.time,
    sincePrevious: sincePrevious(contents, number),
    next: Object.fromEntries(next) as StepDocument['next'],
    frame: { captured: frame.bytes.length, original: frame.original, bytes: frame.bytes.slice(0, MOST_BYTES) },
    layers: layersOf(frame, options.tunnels !== false),
    explanation: record,
    trees: treesOf(compiled, explanation.decision),
    conntrack,
    table: tableStep(before, after, own, contents.now(number)),
    machine: machineStep(own, packet.row, timeoutTable(timeoutsFor('linux', options.timeouts))),
  };
}

function sincePrevious(contents: Contents, number: number): number | null {
  if (number === 1) return null;
  const [before, now] = [contents.time(number - 1), contents.time(number)];
  return ((now.seconds - before.seconds) * 1e9 + (now.nanoseconds - before.nanoseconds)) / 1e9;
}
