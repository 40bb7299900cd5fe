/**
 * An explanation in sentences (cold): what becomes of it, whose it is, who isolates whom, and which rule decided.
 *
 * In:  an Explanation.  Out: sentences in the order in which a person asks. Each is true by itself.
 */
import { answerText, listed } from '../report/reason-text.js';
import type { OutcomeRecord } from '../verdict/verdict.js';
import type { SideExplanation } from './decision.js';
import type { ExplainedEnd, ExplainedPacket, Explanation } from './explanation.js';
import { headerService } from './rules.js';

export function sentences(explanation: Explanation): string[] {
  const { packet, decision } = explanation;
  const sides = decision === null ? [] : decision.sides.flatMap(side => sideSentences(side, explanation));
  return [
    ...(packet === null ? [questionSentence(explanation)] : packetSentences(packet, explanation)),
    ...sides,
    ...openSentences(explanation),
    ...explanation.besides,
  ];
}

function questionSentence({ verdict, source, destination, service, decision }: Explanation): string {
  const what = decision === null ? '' : headerService(decision.header);
  const via = service === null ? '' : `, behind ${service}`;
  const may = { allowed: 'may open', dropped: 'may not open', undecided: 'may or may not open' }[verdict];
  return `${endText(source)} ${may} ${what} to ${endText(destination)}${via}.`;
}

function packetSentences(packet: ExplainedPacket, explanation: Explanation): string[] {
  const { verdict, reason, service } = explanation;
  const head = `Packet ${packet.number} is ${verdict}: ${whyText(packet, explanation)}.`;
  if (packet.copyOf !== null) {
    return [
      `Packet ${packet.number} is a copy of packet ${packet.copyOf} on another interface, and has its verdict (${verdict}: ${reason}).`,
      ...connectionSentence(packet, explanation),
    ];
  }
  const addressed = service === null ? [] : [`It was addressed to ${service}, and is judged by the backend behind it.`];
  return [head, ...connectionSentence(packet, explanation), ...addressed];
}

/** What the reason means for this packet. */
function whyText({ openedBy, refusedAt }: ExplainedPacket, { reason, connection, backends }: Explanation): string {
  const opener = openedBy === null ? 'this packet' : `packet ${openedBy}`;
  switch (reason) {
    case 'established':
      return `it belongs to a connection that was allowed when ${opener} opened it`;
    case 'related':
      return 'it is an ICMP error about a connection that is allowed';
    case 'connection-dropped':
      return `it belongs to a connection that was refused at packet ${refusedAt}, and would not have been sent`;
    case 'not-ip':
      return 'it is not IP, and no policy is about it';
    case 'not-enforced':
      return 'no policy reaches what it is';
    case 'invalid-state':
      return `connection tracking calls it invalid${connection?.invalid ? `: ${connection.invalid}` : ''}`;
    case 'table-full':
      return 'the connection table is full of connections that may not be evicted';
    case 'truncated':
      return 'the capture does not hold the headers that decide, or they contradict themselves';
    case 'fragment':
      return 'it is a fragment whose datagram is not whole here';
    case 'http-denied':
    case 'dns-denied':
      return 'it completes a request that the rules about requests refuse';
    case 'ambiguous-policy':
      return backends === null
        ? 'what is known leaves several answers open'
        : `the backends of the service differ (allowed: ${listed(backends.allowed)}; dropped: ${listed(backends.dropped)})`;
    case 'unsupported':
      return 'a rule that matters says something that is not judged';
    case 'rule':
      return 'a rule says so';
    case 'default-deny':
      return 'a side is isolated, and no rule allows it';
    case 'no-policy':
      return 'no policy isolates either side';
    case 'loopback':
      return 'a pod always reaches itself';
    case 'node':
      return 'a node and its own pods always reach each other';
  }
}

function connectionSentence(packet: ExplainedPacket, { source, destination, decision }: Explanation): string[] {
  if (decision === null) return [];
  const ends = `${endText(source)} to ${endText(destination)}, ${headerService(decision.header)}`;
  const { connection, openedBy, isOriginal, isMidstream, isOneWay } = packet;
  if (connection === null) return [`It goes from ${ends}.`];
  const what =
    openedBy === null && packet.copyOf === null
      ? `It opens connection ${connection}`
      : `It is part of connection ${connection}`;
  const answers = isOriginal ? '' : openedBy === null ? '' : ', against its direction';
  const began = isMidstream ? ' The connection began before the capture, and its initiator is inferred.' : '';
  const lonely = isOneWay ? ' The answer that it implies was not captured.' : '';
  return [`${what}, from ${ends}${answers}.${began}${lonely}`];
}

function sideSentences(
  { direction, outcome, isolatedBy, rules, others }: SideExplanation,
  { source, destination, decision }: Explanation,
): string[] {
  const end = direction === 'ingress' ? destination : source;
  if (outcome === null) {
    const isForwarded = decision?.sides.some(side => side.direction === 'forward' && side.outcome !== null);
    if (direction === 'forward' || isForwarded) return [];
    return [`Nothing is decided about ${direction} of ${endText(end)}, which is no pod that policies select.`];
  }
  const name = direction === 'forward' ? '' : outcome.subject || (end?.name ?? '');
  const isolated =
    isolatedBy.length === 0 || direction === 'forward'
      ? ''
      : `${name} is isolated for ${direction} by ${listed([...new Set(isolatedBy.map(({ policy }) => policy))])}; `;
  return [`${capital(isolated + decidedText(direction, outcome, name, rules.length + others))}.`];
}

function decidedText(direction: string, outcome: OutcomeRecord, name: string, rules: number): string {
  const { reason, policy, rule, source, verdict } = outcome;
  const named = [policy, rule].filter(part => part !== null).join(' ');
  const where = source === null ? '' : ` (${source})`;
  switch (reason) {
    case 'no-policy':
      return direction === 'forward'
        ? 'no rule matches, and the default allows'
        : `no policy isolates ${name} for ${direction}`;
    case 'rule':
      return `${named}${where} ${verdict === 'dropped' ? 'denies' : 'allows'} it${answerText(outcome)}`;
    case 'default-deny': {
      const none =
        rules === 0
          ? 'there is no rule about it'
          : rules === 1
            ? 'the one rule does not match'
            : `none of ${rules} rules matches`;
      return `${none}, and what no rule allows is refused${where}${answerText(outcome)}`;
    }
    case 'loopback':
      return `${name} is both ends, and a pod always reaches itself`;
    case 'node':
      return `a node and its own pods always reach each other, whatever the policies of ${name} say`;
    case 'not-enforced':
      return `${policy ?? 'the network plugin'} asks no policy about ${rule ?? 'this'}`;
    default:
      return `${named}${where} leaves it ${verdict}: ${reason}`;
  }
}

/** What of the explanation is missing, and why. */
function openSentences({ decision }: Explanation): string[] {
  if (decision === null || decision.isWhole) return [];
  return [
    'How the rules came to this is not told, as it rests on more than the headers: names that DNS answers told, or ends that the capture does not show.',
  ];
}

/** Names stay as they are written. */
const capital = (text: string): string =>
  /^(no|a|none|the) /.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;

export function endText(end: ExplainedEnd | null): string {
  if (end === null) return 'nobody';
  const { name, workload, address } = end;
  const more = [workload ?? '', address === null || address === name ? '' : address].filter(part => part !== '');
  return more.length === 0 ? name : `${name} (${more.join(', ')})`;
}
