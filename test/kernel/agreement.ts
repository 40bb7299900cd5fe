/**
 * policap's verdicts held against the kernel's, packet for packet.
 *
 * In:  what collect.ts kept of a replay, and what is needed to ask the kernel.  Out: how many packets were compared, what
 * was left out and why, and every disagreement.
 *
 * Compared are the verdict, the connection state, the direction's rules and the entry behind the packet. policap may say
 * `undecided`; such packets are given to the kernel, and counted, but are no disagreement.
 */
import type { CollectedPacket } from './collect.js';
import type { KernelVerdict } from './kernel.js';

export interface Disagreement {
  readonly number: number;
  readonly policap: string;
  readonly kernel: string;
}

export interface Comparison {
  readonly packets: number;
  readonly compared: number;
  /** Why packets were not compared -> how many. */
  readonly leftOut: ReadonlyMap<string, number>;
  readonly disagreements: readonly Disagreement[];
}

/** What policap's reason says the kernel's state is. */
const STATES: Readonly<Record<string, string>> = {
  established: 'established',
  related: 'related',
  'invalid-state': 'invalid',
  'not-enforced': 'untracked',
};

/** @param verdicts the kernel's, of the packets that have bytes, in order. */
export function compare(packets: readonly CollectedPacket[], verdicts: readonly KernelVerdict[]): Comparison {
  const leftOut = new Map<string, number>();
  const leave = (why: string): void => void leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
  const disagreements: Disagreement[] = [];
  let compared = 0;
  let next = 0;
  for (const packet of packets) {
    if (packet.bytes === null) {
      leave(packet.leftOut!);
      continue;
    }
    const kernel = verdicts[next++]!;
    if (packet.verdict === 'undecided') {
      leave(`undecided: ${packet.reason}`);
      continue;
    }
    compared++;
    const [ours, theirs] = [sayPolicap(packet), sayKernel(kernel, packet.fragment)];
    if (ours !== theirs) disagreements.push({ number: packet.number, policap: ours, kernel: theirs });
  }
  return { packets: packets.length, compared, leftOut, disagreements };
}

/** One line that must be equal. The fragments of a datagram share its verdict; the entry behind them is told once. */
function sayPolicap(packet: CollectedPacket): string {
  const { verdict, reason, rule, entry, fragment } = packet;
  return [verdict, STATES[reason] ?? 'new', rule === '' ? '-' : rule, fragment ? '' : sayEntry(entry)].join(' | ');
}

const sayKernel = ({ verdict, state, rule, entry }: KernelVerdict, fragment: boolean): string =>
  [verdict, state, rule ?? '-', fragment ? '' : sayEntry(entry)].join(' | ');

function sayEntry(entry: KernelVerdict['entry']): string {
  if (entry === null) return 'no entry';
  const { state, left, replied, assured } = entry;
  return `${state} ${left} s${replied ? ' replied' : ''}${assured ? ' assured' : ''}`.trim();
}
