/**
 * Conversations as text: how often, who and whom; below it addresses and why (cold). A part of the text summary.
 *
 * A screen's worth is shown, most frequent first; what is left out is counted, with the way to see it.
 */
import type { OutcomeRecord } from '../verdict/verdict.js';
import type { Conversation, End } from './conversations.js';
import { listed, outcomeText } from './reason-text.js';
import { count, type Format, plain, plural, type Style } from './style.js';
import type { Summary } from './summary.js';

export interface ConversationOptions {
  readonly style?: Style;
  /** Conversations shown, 0 for all; what fits a screen where absent. */
  readonly top?: number;
  /** Columns of the terminal: long lines are broken there where they can be. Default 100. */
  readonly columns?: number;
}

export const COLUMNS = 100;
/** Lines that refused, and undecided, conversations may take of a screen. */
const REFUSED_LINES = 22;
const UNDECIDED_LINES = 6;

/** The refused conversations, then the undecided ones; nothing where there are none. */
export function conversationLines(
  { denied, undecided, deniedOthers }: Pick<Summary, 'denied' | 'undecided' | 'deniedOthers'>,
  options: ConversationOptions,
): string[] {
  return [
    ...section('refused', 'red', denied, deniedOthers.packets, REFUSED_LINES, options),
    ...section('undecided', 'yellow', undecided, 0, UNDECIDED_LINES, options),
  ];
}

function section(
  title: string,
  format: Format,
  conversations: readonly Conversation[],
  others: number,
  room: number,
  { style = plain, top, columns = COLUMNS }: ConversationOptions,
): string[] {
  if (conversations.length === 0) return [];
  const connections = columnWidth('connections', conversations, it => it.connections);
  const packets = columnWidth('packets', conversations, it => it.packets);
  const indent = ' '.repeat(connections + packets + 4);
  const lines = [`${'connections'.padStart(connections)}  ${'packets'.padStart(packets)}  ${style(format, title)}`];
  let shown = 0;
  for (const it of conversations) {
    const details = detailLines(it, columns - indent.length);
    const full = top === undefined ? shown > 0 && lines.length + 1 + details.length > room : top > 0 && shown >= top;
    if (full) break;
    shown++;
    const numbers = `${count(it.connections).padStart(connections)}  ${count(it.packets).padStart(packets)}`;
    lines.push(`${numbers}  ${conversationText(it, style)}`);
    for (const detail of details) lines.push(indent + style('dim', detail));
  }
  const more = conversations.length - shown;
  if (more > 0) lines.push(indent + style('dim', `and ${count(more)} more: --top 0 shows all of them`));
  if (others > 0)
    lines.push(indent + style('dim', `and ${plural(others, 'packet')} of conversations beyond the limit`));
  return [...lines, ''];
}

const columnWidth = (title: string, of: readonly Conversation[], value: (it: Conversation) => number): number =>
  Math.max(title.length, count(of.reduce((most, it) => Math.max(most, value(it)), 0)).length);

function conversationText(it: Conversation, style: Style): string {
  const via = it.service === null || it.service === it.destination.workload ? '' : style('dim', `  via ${it.service}`);
  return `${style('bold', endText(it.source))} → ${style('bold', endText(it.destination))}  ${serviceText(it)}${via}`;
}

export const endText = ({ workload, address }: End): string => workload ?? address;

/** `TCP 5432`, `ICMP type 8`, `GRE`. */
export function serviceText({ protocol, port, icmpType, icmpCode }: Conversation): string {
  if (icmpType !== undefined) return `${protocol} type ${icmpType}${icmpCode === 0 ? '' : ` code ${icmpCode}`}`;
  return port === null ? protocol : `${protocol} ${port}`;
}

/** Addresses, where the names are not addresses themselves, and why: on one line where they fit. */
function detailLines(it: Conversation, columns: number): string[] {
  const { source, destination } = it;
  const named = source.workload !== null || destination.workload !== null;
  const parts = [...(named ? [`${source.address} → ${destination.address}`] : []), ...reasons(it)];
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + part.length <= columns) lines[lines.length - 1] = `${last}  ${part}`;
    else lines.push(part);
  }
  return lines;
}

/** A sentence a side that decided so. */
export function reasons(it: Conversation): string[] {
  if (it.backends) {
    return [`backends disagree: ${listed(it.backends.allowed)} would allow, ${listed(it.backends.dropped)} would drop`];
  }
  const sides: [string, OutcomeRecord | null | undefined][] = [
    ['egress', it.egress],
    ['ingress', it.ingress],
    ['forward', it.forward],
  ];
  return sides.flatMap(([side, outcome]) => (outcome?.verdict === it.verdict ? [outcomeText(side, outcome)] : []));
}
