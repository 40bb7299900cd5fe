/**
 * The report as one HTML page (cold): what a reader of the text summary finds, as tables that can be filtered, with pictures.
 *
 * In:  a Summary, a Timeline, and the matrix's picture where there is one.  Out: the page's text. It needs no other file and no
 * network, which its Content-Security-Policy also forbids, and it is whole without its script.
 */
import { PROFILES } from '../../profile/index.js';
import { asPlugin } from '../../profile/profile.js';
import { endText, reasons, serviceText } from '../conversation-text.js';
import type { Conversation } from '../conversations.js';
import { askedText, reasonText } from '../request-text.js';
import { count, duration, plain, withoutColumn } from '../style.js';
import type { RequestSummary, Summary } from '../summary.js';
import { headline, requestHeadlines } from '../text.js';
import type { Timeline } from '../timeline.js';
import { Markup, markup, NOTHING } from './markup.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { type Column, table } from './table.js';
import { timelinePicture, timelineRows } from './timeline-picture.js';

export interface PageOptions {
  /** An svg element. */
  readonly matrix: Markup | null;
  /** Without any there is no matrix to miss. */
  readonly hasPods: boolean;
}

export function page(summary: Summary, timeline: Timeline, options: PageOptions): string {
  const title = `policap: ${summary.captures.map(({ name }) => name).join(', ')}`;
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="policap.html/1">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
${summary.notice === undefined ? NOTHING : markup`<p class="notice">${summary.notice}</p>`}
<h1>policap report</h1>
${[...headline(summary, plain), ...requestHeadlines(summary, plain)].map(line => markup`<p class="headline">${line}</p>`)}
${verdicts(summary)}
${overTime(timeline)}
${conversations('Refused conversations', summary.denied, summary.deniedOthers.packets)}
${conversations('Undecided conversations', summary.undecided, 0)}
${requests('Refused and undecided requests', summary.requests)}
${requests('Requests and connections, by the service mesh', summary.mesh)}
${policies(summary)}
${whoToWhom(options)}
${addresses(summary)}
${warnings(summary)}
${ending(summary)}
</main>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`.text;
}

/** Of this program's own. */
const raw = (text: string): Markup => new Markup(text);

function verdicts({ packets, connections, reasons }: Summary): Markup {
  const row = (name: string, it: Summary['packets']): string[] => [
    name,
    ...[it.total, it.allowed, it.dropped, it.undecided].map(count),
  ];
  const columns: Column[] = ['', 'total', 'allowed', 'dropped', 'undecided'].map((name, i) => ({
    name,
    isNumber: i > 0,
  }));
  const listed = Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, packets]) => `${reason} ${count(packets)}`);
  return markup`<h2>Verdicts</h2>
${table({ name: 'verdicts', columns, rows: [row('packets', packets), row('connections', connections)] })}
<p class="soft">Packets by reason: ${listed.join(', ')}</p>`;
}

function overTime(timeline: Timeline): Markup {
  if (timeline.used === 0) return NOTHING;
  const swatch = (verdict: string): Markup =>
    markup`<li><svg viewBox="0 0 16 16" aria-hidden="true"><rect class="bar ${verdict}" width="16" height="16"/></svg> ${verdict}</li>`;
  const rows = timelineRows(timeline);
  const columns: Column[] = ['from', 'allowed', 'dropped', 'undecided'].map((name, i) => ({ name, isNumber: i > 0 }));
  return markup`<h2>Packets over time</h2>
<ul class="legend">${['allowed', 'undecided', 'dropped'].map(swatch)}</ul>
<div class="scroll">${timelinePicture(timeline)}</div>
${rows.length === 0 ? NOTHING : markup`<details><summary>The spans with dropped or undecided packets, as a table</summary>${table({ name: 'spans', columns, rows })}</details>`}`;
}

function conversations(title: string, all: readonly Conversation[], others: number): Markup {
  if (all.length === 0) return NOTHING;
  const columns: Column[] = [
    { name: 'connections', isNumber: true },
    { name: 'packets', isNumber: true },
    { name: 'from', isNumber: false },
    { name: 'to', isNumber: false },
    { name: 'service', isNumber: false },
    { name: 'why', isNumber: false },
    { name: 'first packet', isNumber: true },
  ];
  const rows = (shown: readonly Conversation[]): (string | number)[][] =>
    shown.map(it => [
      count(it.connections),
      count(it.packets),
      named(endText(it.source), it.source.address),
      named(endText(it.destination), it.destination.address),
      serviceText(it) + (it.service === null || it.service === it.destination.workload ? '' : ` via ${it.service}`),
      whyText(it),
      count(it.firstPacket),
    ]);
  const beyond = others > 0 ? `${count(others)} packets of conversations beyond the limit are not listed.` : '';
  return markup`<h2>${title}</h2>\n${table({ name: title, columns, rows: rows(all.slice(0, MOST_ROWS)), isFiltered: true, left: all.length - MOST_ROWS, note: beyond })}`;
}

const whyText = (it: Conversation): string => reasons(it).join('; ') || it.reason;

const named = (name: string, address: string): string => (name === address ? name : `${name} (${address})`);

/** A page with more rows than this is slow to open; `-o json` has them all. */
const MOST_ROWS = 5000;

function requests(title: string, of: RequestSummary | undefined): Markup {
  if (of === undefined || of.refused.length === 0) return NOTHING;
  const columns: Column[] = [
    { name: 'requests', isNumber: true },
    { name: 'from', isNumber: false },
    { name: 'to', isNumber: false },
    { name: 'service', isNumber: false },
    { name: 'request', isNumber: false },
    { name: 'why', isNumber: false },
  ];
  const rows = of.refused
    .slice(0, MOST_ROWS)
    .map(it => [
      count(it.requests),
      it.source,
      it.destination,
      `${it.protocol} ${it.port}`,
      askedText(it),
      reasonText(it),
    ]);
  const note = of.others > 0 ? `${count(of.others)} requests beyond the limit of distinct ones are not listed.` : '';
  return markup`<h2>${title}</h2>\n${table({ name: title, columns, rows, isFiltered: true, left: of.refused.length - MOST_ROWS, note })}`;
}

function policies({ policies: all }: Summary): Markup {
  if (all.length === 0) return NOTHING;
  const columns: Column[] = [
    { name: 'policy', isNumber: false },
    { name: 'rule', isNumber: false },
    { name: 'where', isNumber: false },
    { name: 'connections', isNumber: true },
    { name: 'packets', isNumber: true },
  ];
  const rows = all.flatMap(({ policy, source, rules, defaultDeny }) => {
    const lines = rules.map(it => ({ rule: it.rule, source: it.source, hits: it.hits }));
    return [...lines, { rule: 'none matched: default-deny', source, hits: defaultDeny }].map(it => [
      policy,
      it.rule,
      withoutColumn(it.source),
      count(it.hits.connections),
      count(it.hits.packets),
    ]);
  });
  const left = rows.length - MOST_ROWS;
  return markup`<h2>Policies and what they decided</h2>
${table({ name: 'policies', columns, rows: rows.slice(0, MOST_ROWS), isFiltered: true, left })}`;
}

function whoToWhom({ matrix, hasPods }: PageOptions): Markup {
  if (!hasPods) return NOTHING;
  const picture = markup`<div class="scroll">${matrix ?? NOTHING}</div>`;
  const none = markup`<p class="soft">There are too many workloads and rules to draw it here: policap matrix -o svg does.</p>`;
  return markup`<h2>Who can talk to whom</h2>\n${matrix === null ? none : picture}`;
}

function addresses({ unknownAddresses, unknownOthers }: Summary): Markup {
  if (unknownAddresses.length === 0) return NOTHING;
  const columns: Column[] = [
    { name: 'address', isNumber: false },
    { name: 'connections', isNumber: true },
  ];
  const rows = unknownAddresses.slice(0, MOST_ROWS).map(it => [it.address, count(it.connections)]);
  const left = unknownAddresses.length - MOST_ROWS;
  const note = unknownOthers > 0 ? `${count(unknownOthers)} more were seen and not counted apart.` : '';
  return markup`<h2>Addresses the cluster does not know</h2>
<details><summary>${count(unknownAddresses.length)} addresses</summary>${table({ name: 'addresses', columns, rows, isFiltered: true, left, note })}</details>`;
}

function warnings({ warnings: all }: Summary): Markup {
  if (all.length === 0) return NOTHING;
  return markup`<h2>Warnings</h2>\n<ul>${all.map(it => markup`<li>${it}</li>\n`)}</ul>`;
}

function ending(summary: Summary): Markup {
  const { captures, time, packets, timing, mode, profileFrom } = summary;
  const name = summary.profile ?? 'upstream';
  const damage = captures.flatMap(({ name: file, error }) => (error === null ? [] : [`${file}: ${error.message}`]));
  return markup`<h2>About</h2>
${damage.map(it => markup`<p class="dropped-text">${it}</p>`)}
<p>${time.first ?? 'no packets'}${time.last === null ? '' : ` to ${time.last}`}: ${duration(time.seconds)} of traffic, ${count(packets.total)} packets, judged in mode ${mode} in ${duration(timing.replayMs / 1000)}.</p>
<p class="soft">Policies ${asPlugin(PROFILES[name])} (${profileFrom}). What a capture does not tell is undecided.</p>`;
}
