/**
 * One packet's answers side by side: the kernel's (asked now, or recorded) and policap's.
 *
 * What is compared: the verdict, the state the rules see, the direction, and the connection's entry behind the packet
 * (of a related packet: the entry of the connection it is about): its protocol's state, the seconds until it expires, and
 * whether it is assured. What is not: the entry of an invalid packet that policap refuses before it looks for one. The
 * fragments of a datagram share its answer, which is given when it is whole.
 */
import type { KernelVerdict } from './kernel.js';
import type { PolicapVerdict } from './policap.js';
import type { Answer } from './script.js';

/** Seconds. The kernel's clock has ticks of 1 to 10 ms, and it tells whole seconds. */
const TOLERANCE = 0.1;

export const answerOf = ({ state, direction, verdict, entry }: KernelVerdict): Answer => ({
  state,
  reply: direction === 'reply',
  verdict,
  entry: entry === null ? '' : entry.state || 'entry',
  seconds: entry === null ? 0 : Math.round(entry.left * 100) / 100,
  assured: entry?.assured ?? false,
});

export const policapAnswer = ({ state, reply, verdict, entry }: PolicapVerdict): Answer => ({
  state: state || 'none',
  reply,
  verdict,
  entry: entry === null ? '' : entry.state,
  seconds: entry === null ? 0 : Math.round(entry.milliseconds / 10) / 100,
  assured: entry?.assured ?? false,
});

/** In what the two disagree, or ''. @param said the kernel's answer */
export function disagreement(said: Answer, policap: PolicapVerdict): string {
  const mine = policapAnswer(policap);
  if (mine.verdict !== said.verdict) return 'verdict';
  // No rule saw it, and neither did connection tracking: there is nothing more to compare.
  if (said.state === 'none') return '';
  if (mine.state !== said.state) return 'state';
  if (mine.reply !== said.reply && said.state !== 'invalid' && said.state !== 'related') return 'direction';
  if (said.state === 'untracked' || (said.state === 'invalid' && policap.entry === null)) return '';
  if (mine.entry !== said.entry) return 'entry';
  if (mine.entry === '') return '';
  if (Math.abs(mine.seconds - said.seconds) > TOLERANCE) return 'timeout';
  return mine.assured === said.assured ? '' : 'assured';
}
