/**
 * Connections that several replays judge, in words: ends, service and why (cold).
 */
import type { OutcomeRecord, Verdict } from '../verdict/verdict.js';
import { outcomeText } from './reason-text.js';
import type { ComparedEnd, ConnectionAnswer, ConnectionNames } from './side-by-side.js';
import type { Format } from './style.js';

export const VERDICT_FORMAT: Readonly<Record<Verdict, Format>> = {
  allowed: 'green',
  dropped: 'red',
  undecided: 'yellow',
};

export const endText = ({ workload, address }: ComparedEnd): string => workload ?? address;

/** `TCP 5432`, `ICMP type 8`, `GRE`. */
export function serviceText({
  protocol,
  port,
  icmpType,
  icmpCode,
}: Pick<ConnectionNames, 'protocol' | 'port' | 'icmpType' | 'icmpCode'>): string {
  if (icmpType !== undefined) return `${protocol} type ${icmpType}${icmpCode === 0 ? '' : ` code ${icmpCode}`}`;
  return port === null ? protocol : `${protocol} ${port}`;
}

/** The sides that say what the verdict is; the reason alone where none does. */
export function whyText({ verdict, reason, egress, ingress, forward }: ConnectionAnswer): string {
  const sides: [string, OutcomeRecord | null][] = [
    ['egress', egress],
    ['ingress', ingress],
    ['forward', forward],
  ];
  const deciding = sides.flatMap(([side, outcome]) =>
    outcome !== null && outcome.verdict === verdict && outcome.reason !== 'no-policy'
      ? [outcomeText(side, outcome)]
      : [],
  );
  return deciding.length === 0 ? reason : deciding.join('; ');
}
