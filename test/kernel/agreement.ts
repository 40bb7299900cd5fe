/**
 * policap's verdicts held against the kernel's, packet for packet.
 *
 * In:  what collect.ts kept of a replay, and the kernel's verdicts of the packets that it was given.
 * Out: one line of text a packet from each, which must be equal; how many were compared, what was left out and why.
 *
 * A line holds the verdict, the connection state, the rules that decided, and the entry behind the packet: its state, the
 * seconds it has left, whether it was answered and is assured. policap may say `undecided`; such packets are given to the
 * kernel, and counted, but are no disagreement.
 */
import { COMMENT_UNTRACKED } from '../../src/rules/emit-nft.js';
import type { CollectedPacket } from './collect.js';
import type { KernelVerdict } from './kernel.js';

/** Number of a packet -> what was said of it. */
export type Answers = ReadonlyMap<number, string>;

export interface Disagreement {
  readonly number: number;
  readonly policap: string;
  readonly kernel: string;
}

/** What policap's reason says the kernel's state is; any other is new. */
const STATES: Readonly<Record<string, string>> = {
  established: 'established',
  related: 'related',
  'invalid-state': 'invalid',
  'not-enforced': 'untracked',
  // Its datagram never is whole: no rule sees it.
  fragment: 'none',
};

const isCompared = ({ bytes, verdict }: CollectedPacket): boolean => bytes !== null && verdict !== 'undecided';

export function policapAnswers(packets: readonly CollectedPacket[]): Answers {
  return new Map(packets.filter(isCompared).map(packet => [packet.number, sayPolicap(packet)]));
}

/** Every packet that the kernel was given. @param verdicts of the packets that have bytes, in order. */
export function kernelAnswers(packets: readonly CollectedPacket[], verdicts: readonly KernelVerdict[]): Answers {
  const given = packets.filter(({ bytes }) => bytes !== null);
  return new Map(given.map(({ number, fragment }, i) => [number, sayKernel(verdicts[i]!, fragment)]));
}

/** Where policap decided: what it leaves undecided is no disagreement. */
export function disagreements(policap: Answers, kernel: Answers): Disagreement[] {
  const found: Disagreement[] = [];
  for (const [number, ours] of policap) {
    const theirs = kernel.get(number) ?? 'nothing';
    if (ours !== theirs) found.push({ number, policap: ours, kernel: theirs });
  }
  return found;
}

/** Why packets were not compared -> how many. */
export function leftOut(packets: readonly CollectedPacket[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const packet of packets) {
    if (isCompared(packet)) continue;
    const why = packet.leftOut ?? `undecided: ${packet.reason}`;
    found.set(why, (found.get(why) ?? 0) + 1);
  }
  return found;
}

/** The fragments of a datagram share its verdict; the entry behind them is told once, with the last of them. */
function sayPolicap({ verdict, reason, rule, entry, fragment, invalid }: CollectedPacket): string {
  // What a profile does not enforce is tracked all the same.
  const isNew = reason === 'not-enforced' && rule !== COMMENT_UNTRACKED;
  const state = invalid ? 'invalid' : isNew ? 'new' : (STATES[reason] ?? 'new');
  return line(verdict, state, rule === '' ? null : rule, fragment ? null : sayEntry(entry));
}

const sayKernel = ({ verdict, state, rule, entry }: KernelVerdict, fragment: boolean): string =>
  line(verdict, state, rule, fragment ? null : sayEntry(entry));

const line = (verdict: string, state: string, rule: string | null, entry: string | null): string =>
  [`${verdict} ${state}`, rule ?? 'no rule', ...(entry === null ? [] : [entry])].join(' | ');

function sayEntry(entry: KernelVerdict['entry']): string {
  if (entry === null) return 'no entry';
  const { state, left, replied, assured } = entry;
  return `${state} ${left} s${replied ? ' replied' : ''}${assured ? ' assured' : ''}`.trim();
}

/** Verdict, state and entry alone: what can be said where the rules have other names, or none. */
export const withoutRules = (answers: Answers): Answers =>
  new Map([...answers].map(([number, answer]) => [number, answer.split(' | ').toSpliced(1, 1).join(' | ')]));
