/**
 * A replay's summary beside what was expected of it (cold).
 *
 * In:  a Summary (report/summary.ts) and a CaptureAssertion.  Out: what is wrong, a line each; [] where all of it holds.
 * `denied` lists all refused conversations: one that is missing and one too many, or a pod that none names, are wrong.
 */
import type { Inventory } from '../cluster/inventory.js';
import { resolveName } from '../cluster/names.js';
import { protocolNumber } from '../packet/text.js';
import type { Conversation, End } from '../report/conversations.js';
import { outcomeText } from '../report/reason-text.js';
import type { Summary } from '../report/summary.js';
import type { CaptureAssertion, ExpectedCounts, ExpectedDenial } from './model.js';

/** Conversations named one by one. */
const NAMED = 10;

/** A name in an expectation that means nothing in this cluster. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName';
  constructor(
    message: string,
    readonly hint: string,
    readonly denial: ExpectedDenial,
  ) {
    super(message);
  }
}

/** @throws UnknownName */
export function checkSummary(
  summary: Pick<Summary, 'connections' | 'packets' | 'denied' | 'deniedOthers'>,
  expected: CaptureAssertion,
  inventory: Inventory,
): string[] {
  const wrong = [
    ...checkCounts('connections', summary.connections, expected.connections),
    ...checkCounts('packets', summary.packets, expected.packets),
  ];
  const extra = expected.denied === undefined ? [] : checkDenied(summary, expected.denied, inventory, wrong);
  // Why something is refused that should not be is what a person looks for.
  const dropsMore = wrong.length > 0 && (expected.connections.dropped ?? expected.packets.dropped) !== undefined;
  const shown = extra.length > 0 ? extra : dropsMore ? [...summary.denied] : [];
  wrong.push(...shown.slice(0, NAMED).map(it => `refused: ${conversationText(it)}`));
  if (shown.length > NAMED) wrong.push(`and ${shown.length - NAMED} more conversations are refused`);
  return wrong;
}

function checkCounts(what: string, got: Summary['packets'], expected: ExpectedCounts): string[] {
  return Object.entries(expected).flatMap(([key, count]) => {
    const came = got[key as keyof ExpectedCounts];
    return came === count ? [] : [`expected ${what}.${key} ${count}, got ${came}`];
  });
}

/** @returns the conversations that no expectation names; what is missing goes to `wrong` */
function checkDenied(
  { denied, deniedOthers }: Pick<Summary, 'denied' | 'deniedOthers'>,
  expected: readonly ExpectedDenial[],
  inventory: Inventory,
  wrong: string[],
): Conversation[] {
  if (deniedOthers.connections > 0) {
    wrong.push('more conversations are refused than are told apart: what is denied cannot be compared');
    return [];
  }
  const named = expected.map(denial => ({
    denial,
    from: nameOf(denial.from, denial, inventory),
    to: nameOf(denial.to, denial, inventory),
    protocol: denial.protocol === undefined ? null : protocolNumber(denial.protocol),
  }));
  const matches = (conversation: Conversation, { denial, from, to, protocol }: (typeof named)[number]): boolean =>
    (from === null || isEnd(conversation.source, from)) &&
    (to === null || isEnd(conversation.destination, to) || conversation.service === to) &&
    (denial.port === undefined || conversation.port === denial.port) &&
    (protocol === null || protocolNumber(conversation.protocol) === protocol);
  for (const it of named) {
    if (!denied.some(conversation => matches(conversation, it)))
      wrong.push(`expected to be refused, but is not: ${denialText(it.denial)}`);
  }
  // A conversation is all pods of a workload that were refused alike: naming one of them does not name the others.
  const isNamed = (conversation: Conversation): boolean => {
    const its = named.filter(it => matches(conversation, it));
    const { source, destination } = conversation;
    return (
      its.length > 0 &&
      source.pods.every(pod => its.some(({ from }) => from === null || isPodOf(source, pod, from))) &&
      destination.pods.every(pod =>
        its.some(({ to }) => to === null || to === conversation.service || isPodOf(destination, pod, to)),
      )
    );
  };
  const extra = denied.filter(conversation => !isNamed(conversation));
  if (extra.length > 0) wrong.push(`${extra.length} refused that denied does not name`);
  return extra;
}

function nameOf(text: string | undefined, denial: ExpectedDenial, inventory: Inventory): string | null {
  if (text === undefined) return null;
  const resolved = resolveName(text, inventory);
  if ('message' in resolved) throw new UnknownName(resolved.message, resolved.hint, denial);
  return resolved.name;
}

const isEnd = ({ workload, pods, address }: End, name: string): boolean =>
  workload === name || address === name || pods.includes(name);

const isPodOf = ({ workload, pods, address }: End, pod: string, name: string): boolean =>
  workload === name || pod === name || (address === name && pods.length === 1);

const endText = ({ workload, address }: End): string => workload ?? address;

const denialText = ({ from = 'anybody', to = 'anybody', protocol, port }: ExpectedDenial): string =>
  [`${from} -> ${to}`, protocol, port].filter(part => part !== undefined).join(' ');

function conversationText({
  source,
  destination,
  protocol,
  port,
  icmpType,
  egress,
  ingress,
  forward,
  firstPacket,
}: Conversation): string {
  const service = port ?? (icmpType === undefined ? null : `type ${icmpType}`);
  const why = (
    [
      ['egress', egress],
      ['ingress', ingress],
      ['rules', forward ?? null],
    ] as const
  )
    .flatMap(([side, outcome]) => (outcome?.verdict === 'dropped' ? [outcomeText(side, outcome)] : []))
    .join('; ');
  const what = [protocol, service].filter(part => part !== null).join(' ');
  return `${endText(source)} -> ${endText(destination)} ${what} at packet ${firstPacket}${why === '' ? '' : `: ${why}`}`;
}
