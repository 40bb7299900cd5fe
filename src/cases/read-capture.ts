/**
 * A case about captures (cold). A part of read.ts.
 *
 * In:  `{ name, capture, mode, expect, otherwise }`; `expect` holds counts of connections (`dropped: 0`, or below `connections`), counts
 * of `packets`, and `denied`: the refused conversations, all of them.  Out: a CaptureAssertion; [] where something is wrong.
 */
import type { KubernetesDocument, Path } from '../documents/document.js';
import { shown } from '../documents/findings.js';
import { protocolNumber } from '../packet/text.js';
import { COUNT, type FieldReader, type Fields, isFields, PORT, PROTOCOL, TEXT } from './fields.js';
import type { CaptureAssertion, ExpectedCounts, ExpectedDenial } from './model.js';

const COUNTS = ['total', 'allowed', 'dropped', 'undecided'] as const;
const FIELDS = ['name', 'capture', 'mode', 'expect', 'otherwise'];
const EXPECT_FIELDS = [...COUNTS, 'connections', 'packets', 'denied'];
const DENIED_FIELDS = ['from', 'to', 'port', 'protocol'];

export function readCapture(
  fields: Fields,
  path: Path,
  document: KubernetesDocument,
  reader: FieldReader,
): CaptureAssertion[] {
  reader.hasFailed = false;
  reader.known(fields, path, FIELDS, 'a case about a capture', { expected: 'expect' });
  reader.required(fields, path, 'capture', 'a capture, or a list of them: capture.pcapng');
  const captures = reader.some(fields, path, 'capture', TEXT);
  if (captures.includes('-'))
    reader.error(
      [...path, 'capture'],
      'Invalid value: "-": must be a file',
      'a test reads its capture again and again',
    );
  const [mode = 'what-if'] = reader.words(fields, path, 'mode', ['what-if', 'dataplane'] as const);
  const name = reader.one(fields, path, 'name', TEXT) ?? captures.join(', ');
  const otherwise = reader.one(fields, path, 'otherwise', TEXT);
  const hint = 'what must come of it: { dropped: 0 }';
  reader.required(fields, path, 'expect', hint);
  const expect = reader.map(fields, path, 'expect') ?? {};
  const at = [...path, 'expect'];
  reader.known(expect, at, EXPECT_FIELDS, 'what a capture is expected to give', { refused: 'denied', drop: 'dropped' });
  const connections = { ...countsOf(expect, at, reader), ...countsBelow(expect, at, 'connections', reader) };
  const packets = countsBelow(expect, at, 'packets', reader);
  const denied = deniedOf(expect, at, document, reader);
  const asks = Object.keys(connections).length + Object.keys(packets).length + (denied === undefined ? 0 : 1);
  if (asks === 0 && !reader.hasFailed) reader.error(at, 'Invalid value: {}: asks nothing', hint);
  if (reader.hasFailed) return [];
  return [
    {
      name,
      ...(otherwise !== undefined && { otherwise }),
      captures,
      mode,
      connections,
      packets,
      ...(denied !== undefined && { denied }),
      position: document.at(path),
    },
  ];
}

function countsOf(fields: Fields, path: Path, reader: FieldReader): ExpectedCounts {
  const counts = COUNTS.map(name => [name, reader.one(fields, path, name, COUNT)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count !== undefined));
}

function countsBelow(fields: Fields, path: Path, name: string, reader: FieldReader): ExpectedCounts {
  const below = reader.map(fields, path, name) ?? {};
  reader.known(below, [...path, name], COUNTS, name, {});
  return countsOf(below, [...path, name], reader);
}

function deniedOf(
  expect: Fields,
  path: Path,
  document: KubernetesDocument,
  reader: FieldReader,
): ExpectedDenial[] | undefined {
  const list = expect['denied'];
  const at = [...path, 'denied'];
  if (list === undefined || list === null) return undefined;
  if (!Array.isArray(list)) {
    reader.error(at, `Invalid value: ${shown(list)}: must be a list`, 'denied: [] means that nothing is refused');
    return undefined;
  }
  return list.flatMap((item: unknown, i): ExpectedDenial[] => {
    const here = [...at, i];
    if (!isFields(item)) {
      reader.error(here, `Invalid value: ${shown(item)}: must be { from, to, port, protocol }`);
      return [];
    }
    reader.known(item, here, DENIED_FIELDS, 'a refused conversation', { source: 'from', destination: 'to' });
    const from = reader.one(item, here, 'from', TEXT);
    const to = reader.one(item, here, 'to', TEXT);
    const port = reader.one(item, here, 'port', PORT);
    const protocol = reader.one(item, here, 'protocol', PROTOCOL);
    if (protocol !== undefined && protocolNumber(String(protocol)) === null) {
      reader.error([...here, 'protocol'], `Invalid value: ${shown(protocol)}: is no protocol that is known`);
    }
    return [
      {
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(port !== undefined && { port }),
        ...(protocol !== undefined && { protocol: String(protocol) }),
        position: document.at(here),
      },
    ];
  });
}
