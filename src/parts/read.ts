/**
 * A file's text -> a part, checked (cold).
 *
 * In:  JSON text.  Out: a Part, or a sentence that says what is wrong with it and where: files come from other machines.
 */
import { PART_SCHEMA, type Part } from './part.js';

/** @returns what is expected there, null where it is so; `at` is where */
type Check = (value: unknown, at: string) => string | null;

const expected =
  (what: string, holds: (value: unknown) => boolean): Check =>
  (value, at) =>
    holds(value) ? null : `${at}: ${what} was expected`;

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const NUMBER = expected('a number', isNumber);
const WHOLE = expected('a whole number', value => isNumber(value) && Number.isSafeInteger(value));
const SIGNED = expected('a number', value => typeof value === 'number' && Number.isFinite(value));
const TEXT = expected('a text', value => typeof value === 'string');
const FLAG = expected('true or false', value => typeof value === 'boolean');
const ANYTHING: Check = () => null;

const orNull =
  (check: Check): Check =>
  (value, at) =>
    value === null ? null : check(value, at);

const optional =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? null : check(value, at);

const list =
  (check: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return `${at}: a list was expected`;
    for (let i = 0; i < value.length; i++) {
      const wrong = check(value[i], `${at}[${i}]`);
      if (wrong !== null) return wrong;
    }
    return null;
  };

const tuple =
  (...checks: readonly Check[]): Check =>
  (value, at) => {
    if (!Array.isArray(value) || value.length !== checks.length)
      return `${at}: a list of ${checks.length} was expected`;
    return checks.reduce<string | null>((wrong, check, i) => wrong ?? check(value[i], `${at}[${i}]`), null);
  };

const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at}: an object was expected`;
    for (const [name, check] of Object.entries(checks)) {
      const wrong = check((value as Record<string, unknown>)[name], `${at}.${name}`);
      if (wrong !== null) return wrong;
    }
    return null;
  };

const wholes = (...names: readonly string[]): Check => fields(Object.fromEntries(names.map(name => [name, WHOLE])));

const RULE = { rule: TEXT, source: TEXT };
const ABOUT = fields({
  mode: expected('what-if or dataplane', value => value === 'what-if' || value === 'dataplane'),
  profile: optional(TEXT),
  notice: optional(TEXT),
  profileFrom: TEXT,
  warnings: list(TEXT),
  facts: fields({ problems: WHOLE, knowsAddresses: FLAG, podRanges: list(fields({ cidr: TEXT, node: TEXT })) }),
  policies: list(fields({ kind: TEXT, policy: TEXT, source: TEXT, rules: list(fields(RULE)) })),
  requests: FLAG,
  mesh: FLAG,
});

const END = fields({ workload: orNull(TEXT), address: TEXT, pod: orNull(TEXT), pods: list(TEXT) });
const CONVERSATION = fields({
  key: TEXT,
  verdict: TEXT,
  reason: TEXT,
  source: END,
  destination: END,
  service: orNull(TEXT),
  protocol: TEXT,
  port: orNull(WHOLE),
  side: orNull(TEXT),
  connections: WHOLE,
  packets: WHOLE,
  firstPacket: WHOLE,
  egress: ANYTHING,
  ingress: ANYTHING,
});
const REQUESTS = orNull(
  fields({
    counts: wholes('total', 'allowed', 'denied', 'undecided'),
    refused: list(fields({ verdict: TEXT, source: TEXT, destination: TEXT, requests: WHOLE, firstPacket: WHOLE })),
    others: WHOLE,
    audited: list(tuple(TEXT, WHOLE)),
  }),
);
const TIME = orNull(tuple(SIGNED, WHOLE));
const FOUND = fields({
  packets: list(WHOLE),
  connections: list(WHOLE),
  conversations: list(CONVERSATION),
  others: wholes('connections', 'packets'),
  hits: list(list(WHOLE)),
  requests: REQUESTS,
  mesh: REQUESTS,
  unknown: list(tuple(TEXT, WHOLE)),
  unknownOthers: WHOLE,
  observed: wholes(
    'midstreamConnections',
    'midstreamPackets',
    'oneWayPackets',
    'duplicatePackets',
    'translatedPackets',
    'earlyEvictions',
  ),
  captures: list(fields({ name: TEXT, packets: WHOLE, error: orNull(fields({ offset: WHOLE, message: TEXT })) })),
  errors: list(TEXT),
  first: TIME,
  last: TIME,
  compileMs: NUMBER,
  replayMs: NUMBER,
  noticed: fields({
    fromNodes: WHOLE,
    darkPackets: WHOLE,
    darkBytes: WHOLE,
    younger: list(TEXT),
    bytes: WHOLE,
    givenUp: WHOLE,
    stepsBack: WHOLE,
  }),
  doubts: optional(list(TEXT)),
});
const SHARE = fields({ index: WHOLE, of: WHOLE, most: WHOLE, room: WHOLE, since: list(WHOLE) });
const PART = fields({
  run: TEXT,
  of: WHOLE,
  about: ABOUT,
  pieces: list(fields({ from: WHOLE, to: WHOLE, found: FOUND, share: optional(SHARE) })),
});

export function readPart(text: string): { readonly part: Part } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'no whole JSON document' };
  }
  const schema = (value as { readonly schema?: unknown } | null)?.schema;
  if (schema !== PART_SCHEMA) {
    const found = typeof schema === 'string' ? `found ${schema.slice(0, 40)}` : 'it has none';
    return { problem: `no partial result: expected schema ${PART_SCHEMA}, ${found}` };
  }
  const part = value as Part;
  const problem = PART(value, 'the document') ?? inconsistent(part);
  return problem === null ? { part } : { problem: `damaged: ${problem}` };
}

/** What the shapes do not tell. */
function inconsistent({ of, about, pieces }: Part): string | null {
  let end = -1;
  for (const [i, { from, to, found, share }] of pieces.entries()) {
    const before = pieces[i - 1];
    const isNext = before?.share !== undefined && before.from === from;
    // Behind a share comes another of its point, or any other point; what is whole joins with its neighbour.
    const least =
      before === undefined ? 0 : isNext ? from : before.share !== undefined || share !== undefined ? end : end + 1;
    if (from < least || to <= from || to > of) return `pieces[${i}]: points in order, among ${of}, were expected`;
    const wrong = share === undefined ? null : inconsistentShare(pieces, i, about);
    if (wrong !== null) return `pieces[${i}]${wrong}`;
    if (isNext && share === undefined) return `pieces[${i}]: a share like the one before was expected`;
    if (found.hits.length !== about.policies.length) return `pieces[${i}].found.hits: one for each policy was expected`;
    end = to;
  }
  return null;
}

function inconsistentShare(pieces: Part['pieces'], i: number, { requests, mesh }: Part['about']): string | null {
  const { from, to, found, share } = pieces[i]!;
  const { index, of, since } = share!;
  if (to !== from + 1 || of < 2 || index >= of) return ': a share of one point was expected';
  if (requests || mesh) return ': a whole point was expected, since requests were read';
  if (since.length !== found.unknown.length) return '.share.since: one for each unknown address was expected';
  const before = pieces[i - 1];
  if (before?.share === undefined || before.from !== from) {
    const shares = pieces.filter(piece => piece.share !== undefined && piece.from === from);
    return shares.length < of ? null : ': one piece was expected, since all shares of the point are there';
  }
  const isBehind = before.share.of === of && before.share.index < index;
  return isBehind ? null : ': shares in order, of as many as the one before, were expected';
}
