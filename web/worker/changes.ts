/**
 * A Diff -> what the page shows of it: the words of `policap diff`, and where each side is decided (cold).
 */
import { CHANGE_HEADINGS } from '../../src/diff/change.js';
import type { ChangedConnections, Diff } from '../../src/diff/connections.js';
import { besides, headline, noticesOf } from '../../src/diff/text.js';
import { endText, serviceText, whyText } from '../../src/report/connection-text.js';
import type { ComparedEnd, ConnectionAnswer } from '../../src/report/side-by-side.js';
import type { Place, Said, ShownChange, ShownDiff } from './protocol.js';

/** Groups that are sent to the page. */
const MOST = 1000;

export function shownDiff(diff: Diff): ShownDiff {
  const { before, after, connections, packets, changes, others } = diff;
  return {
    notices: noticesOf(diff),
    headline: headline(diff),
    besides: besides(diff),
    before: { connections: before.connections, packets: before.packets },
    after: { connections: after.connections, packets: after.packets },
    connections,
    packets,
    changes: changes.slice(0, MOST).map(changeShown),
    groups: changes.length,
    left: changes.slice(MOST).reduce((sum, it) => sum + it.connections, others.connections),
  };
}

const changeShown = (it: ChangedConnections): ShownChange => ({
  change: it.change,
  heading: CHANGE_HEADINGS[it.change],
  connections: it.connections,
  packets: it.packets,
  firstPacket: it.firstPacket,
  source: endText(it.source),
  destination: endText(it.destination),
  on: serviceText(it),
  service: it.service,
  before: said(it.before),
  after: said(it.after),
  where: whereOf(it),
});

const said = (answer: ConnectionAnswer): Said => ({
  verdict: answer.verdict,
  why: whyText(answer),
  places: placesOf(answer),
});

/** Where the sides that say the verdict stand; each once. */
function placesOf({ verdict, egress, ingress, forward }: ConnectionAnswer): Place[] {
  const sources = [egress, ingress, forward].flatMap(outcome =>
    outcome !== null && outcome.verdict === verdict && outcome.source !== null ? [outcome.source] : [],
  );
  return [...new Set(sources)].flatMap(source => {
    const [, file, line, column] = /^(.*):(\d+):(\d+)$/.exec(source) ?? [];
    return file === undefined ? [] : [{ file, line: Number(line), column: Number(column) }];
  });
}

/** The group's connections, as an expression over the table of connections. */
function whereOf({ source, destination, protocol, port, icmpType, icmpCode }: ChangedConnections): string {
  const end = (name: 'src' | 'dst', { workload, address }: ComparedEnd): string =>
    workload === null ? `${name} == ${address}` : `${name}_workload == ${quoted(workload)}`;
  return [
    end('src', source),
    end('dst', destination),
    `protocol == ${quoted(protocol)}`,
    ...(port === null ? [] : [`dport == ${port}`]),
    ...(icmpType === undefined ? [] : [`icmpType == ${icmpType}`, `icmpCode == ${icmpCode}`]),
  ].join(' && ');
}

/** Only where it must be (src/where). */
const quoted = (text: string): string => (/^[\w./:-]+$/.test(text) ? text : `"${text}"`);
