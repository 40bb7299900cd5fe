/**
 * One packet's answers side by side: the kernel's (asked now, or recorded) and policap's.
 *
 * What is compared: the verdict, the state the rules see, the direction, and the connection's entry behind the packet:
 * its protocol's state, the seconds until it expires, and whether it is assured. What is not:
 * - the entry of a related packet, which it leaves as it is, and of an invalid one that policap refuses before it looks
 *   for its connection;
 * - fragments one by one: the kernel judges a datagram when it is whole, policap its first fragment when it comes. The
 *   first fragment's verdict, state and direction are held to the datagram's; its other fragments take theirs from it.
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
  if (policap.fragment) return fragmentDisagreement(said, policap);
  const mine = policapAnswer(policap);
  if (mine.verdict !== said.verdict) return 'verdict';
  // No rule saw it, and neither did connection tracking: there is nothing more to compare.
  if (said.state === 'none') return '';
  if (mine.state !== said.state) return 'state';
  if (said.state === 'related') return '';
  if (mine.reply !== said.reply && said.state !== 'invalid') return 'direction';
  if (said.state === 'untracked' || (said.state === 'invalid' && policap.entry === null)) return '';
  if (mine.entry !== said.entry) return 'entry';
  if (mine.entry === '') return '';
  if (Math.abs(mine.seconds - said.seconds) > TOLERANCE) return 'timeout';
  return mine.assured === said.assured ? '' : 'assured';
}

function fragmentDisagreement(said: Answer, policap: PolicapVerdict): string {
  // A datagram that never becomes whole is never forwarded; policap cannot know that of its first fragment.
  if (said.state === 'none') return '';
  if (policap.verdict === 'undecided') return policap.reason === 'fragment' ? '' : 'verdict';
  if (policap.verdict !== said.verdict) return 'verdict';
  if (policap.state === '') return '';
  return policap.state === said.state && (policap.reply === said.reply || said.state === 'related') ? '' : 'state';
}
