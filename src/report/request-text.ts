/**
 * Refused requests as text: how often, who and whom, what was asked; below it why (cold). A part of the text summary.
 */
import type { RefusedRequests } from './requests.js';
import { count, plain, plural, type Style, withoutColumn } from './style.js';
import type { RequestSummary, Summary } from './summary.js';

/** Entries shown where nothing is asked for. */
const SHOWN = 8;
/** Of a path or name. */
const MOST_TEXT = 60;

export interface RequestTextOptions {
  readonly style?: Style;
  /** Entries shown, 0 for all. */
  readonly top?: number;
}

/** `3 of 12 requests would be refused; 1 undecided.`; '' where there were none. */
export function requestHeadline({ counts }: RequestSummary, mode: Summary['mode'], what: string): string {
  const { total, denied, undecided } = counts;
  if (total === 0) return '';
  const would = mode === 'what-if' ? 'would be' : 'were';
  const open = undecided === 0 ? '' : `; ${count(undecided)} undecided`;
  return `${denied === 0 ? 'None' : count(denied)} of ${plural(total, 'request')}${what} ${would} refused${open}.`;
}

export function requestLines(
  requests: RequestSummary | undefined,
  title: string,
  { style = plain, top = SHOWN }: RequestTextOptions,
): string[] {
  if (requests === undefined || requests.refused.length === 0) return [];
  const { refused, others } = requests;
  const shown = top === 0 ? refused : refused.slice(0, top);
  const width = Math.max('requests'.length, ...shown.map(it => count(it.requests).length));
  const indent = ' '.repeat(width + 2);
  const lines = [
    `${'requests'.padStart(width)}  ${style('red', 'refused')} or ${style('yellow', 'undecided')}${title}`,
  ];
  for (const it of shown) {
    const ends = `${style('bold', it.source)} → ${style('bold', it.destination)}`;
    lines.push(`${count(it.requests).padStart(width)}  ${ends}  ${it.protocol} ${it.port}  ${askedText(it)}`);
    lines.push(indent + style('dim', reasonText(it)));
  }
  const more = refused.length - shown.length;
  if (more > 0) lines.push(indent + style('dim', `and ${count(more)} more: --top 0 shows all of them`));
  if (others > 0)
    lines.push(indent + style('dim', `and ${plural(others, 'request')} beyond the limit of distinct ones`));
  return [...lines, ''];
}

export function askedText({ protocol, method, path, host, name }: RefusedRequests): string {
  if (protocol === 'TCP') return '(the connection)';
  if (name !== null) return clipped(name);
  if (method === null) return '(not read)';
  return `${method} ${clipped(path ?? '')}${host === null || host === '' ? '' : `  at ${clipped(host)}`}`;
}

const clipped = (text: string): string => (text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT - 1)}…` : text);

export function reasonText({ reason, why, by, firstPacket }: RefusedRequests): string {
  const at = `from packet ${firstPacket}`;
  if (by === null) return `${reason}: ${why}  ${at}`;
  const named = [by.policy, by.rule].filter(part => part !== null).join(' ');
  return `${by.side} ${reason}: ${named} (${withoutColumn(by.source)})  ${at}`;
}
