/**
 * Parts of the replay view as csv, whole: what a page shows of them may be less.
 *
 * In:  a part's name, what was judged.  Out: a Blob (RFC 4180, a line of names first), and a name for it.
 */
import type { Conversation } from '../../src/report/conversations.js';
import { csvCell } from '../../src/report/csv-cell.js';
import { createTimeText } from '../../src/report/fields.js';
import type { CaptureInput, Exported, ViewName } from './protocol.js';
import type { Review } from './review.js';
import { stemOf } from './saving.js';

type Row = readonly (string | number | null)[];

export function saveView(view: ViewName, review: Review, captures: readonly CaptureInput[]): Exported {
  const rows = rowsOf(view, review);
  const lines = rows.map(row => row.map(cell => csvCell(cell === null ? '' : String(cell))).join(','));
  return {
    name: `${stemOf(captures)}-${view}.csv`,
    blob: new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv' }),
  };
}

function rowsOf(view: ViewName, review: Review): Row[] {
  switch (view) {
    case 'conversations':
      return [CONVERSATION, ...[...review.summary.denied, ...review.summary.undecided].map(conversationRow)];
    case 'map':
      return [MAP, ...mapRows(review)];
    case 'policies':
      return [POLICY, ...policyRows(review)];
    case 'timeline':
      return [TIMELINE, ...timelineRows(review)];
  }
}

const CONVERSATION =
  'verdict,reason,connections,packets,from,from_address,to,to_address,service,protocol,port,first_packet,egress,egress_source,ingress,ingress_source'.split(
    ',',
  );

const conversationRow = (it: Conversation): Row => [
  ...[it.verdict, it.reason, it.connections, it.packets],
  ...[it.source.workload, it.source.address, it.destination.workload, it.destination.address],
  ...[it.service, it.protocol, it.port, it.firstPacket],
  ...[it.egress?.verdict ?? null, it.egress?.source ?? null],
  ...[it.ingress?.verdict ?? null, it.ingress?.source ?? null],
];

const VERDICTS = ['dropped', 'undecided', 'allowed'] as const;
const MAP = ['from', 'to', ...VERDICTS.map(it => `${it}_connections`), ...VERDICTS.map(it => `${it}_packets`)];

const mapRows = (review: Review): Row[] =>
  review
    .map()
    .edges.map(edge => [
      ...[edge.from, edge.to],
      ...VERDICTS.map(verdict => edge[verdict].connections),
      ...VERDICTS.map(verdict => edge[verdict].packets),
    ]);

const POLICY = ['policy', 'rule', 'source', 'connections', 'packets'];

const policyRows = ({ summary: { policies } }: Review): Row[] =>
  policies.flatMap(({ policy, source, rules, defaultDeny }) => [
    ...rules.map(it => [policy, it.rule, it.source, it.hits.connections, it.hits.packets]),
    [policy, 'default-deny', source, defaultDeny.connections, defaultDeny.packets],
  ]);

const TIMELINE = ['start', 'microseconds', ...VERDICTS];

function timelineRows(review: Review): Row[] {
  const { start, width, ...counts } = review.timeline();
  const timeText = createTimeText();
  const second = 1_000_000_000n;
  return counts.allowed.map((_, i) => {
    const at = start + BigInt(i * width) * 1000n;
    const time = timeText(Number(at / second), Number(at % second));
    return [time, width, ...VERDICTS.map(verdict => counts[verdict][i]!)];
  });
}
