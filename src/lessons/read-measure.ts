/**
 * A question of check.yaml -> a Measure (cold). A part of read-questions.ts.
 *
 *   packets: EXPRESSION | packetCount: EXPRESSION | connectionCount: EXPRESSION    expressions are those of --where
 *   table: created | noRoom
 *   profiles: { of: [calico, flannel], from, to, port, expect }
 *   comparisons: linear | tree
 */
import { type FieldReader, type Fields, PORT, TEXT } from '../cases/fields.js';
import { VERDICTS } from '../cases/words.js';
import type { Path } from '../documents/document.js';
import { PROFILE_NAMES } from '../profile/profile.js';
import { PACKET_COLUMNS } from '../report/packet-columns.js';
import type { Expression } from '../where/expression.js';
import { WhereError } from '../where/field.js';
import { parseWhere } from '../where/parse.js';
import type { Measure } from './model.js';

export const MEASURES = ['packets', 'packetCount', 'connectionCount', 'table', 'profiles', 'comparisons'] as const;
const PROFILES_FIELDS = ['of', 'from', 'to', 'port', 'expect'];

/** The one measure that stands in `fields`; null where it is wrong, which is told. */
export function readMeasure(fields: Fields, path: Path, reader: FieldReader): Measure | null {
  const [kind, second] = MEASURES.filter(name => name in fields);
  if (kind === undefined || second !== undefined) {
    reader.error(path, `must ask for one of ${MEASURES.join(', ')}`);
    return null;
  }
  switch (kind) {
    case 'packets':
    case 'packetCount':
    case 'connectionCount': {
      const where = readWhere(reader.one(fields, path, kind, TEXT), [...path, kind], reader);
      return where === null ? null : { kind, where };
    }
    case 'table': {
      const [counter] = reader.words(fields, path, kind, ['created', 'noRoom'] as const);
      return counter === undefined ? null : { kind, counter };
    }
    case 'comparisons': {
      const [engine] = reader.words(fields, path, kind, ['linear', 'tree'] as const);
      return engine === undefined ? null : { kind, engine };
    }
    case 'profiles': {
      const asked = reader.map(fields, path, kind) ?? {};
      const at = [...path, kind];
      reader.known(asked, at, PROFILES_FIELDS, 'a question about profiles', {});
      const of = reader.words(asked, at, 'of', PROFILE_NAMES);
      const [from, to] = [reader.one(asked, at, 'from', TEXT), reader.one(asked, at, 'to', TEXT)];
      const port = reader.one(asked, at, 'port', PORT);
      const [verdict] = reader.words(asked, at, 'expect', VERDICTS);
      for (const name of PROFILES_FIELDS) reader.required(asked, at, name, 'of which plugins, and about what');
      if (from === undefined || to === undefined || verdict === undefined) return null;
      return { kind, of, query: { from, to, port }, verdict };
    }
  }
}

function readWhere(text: string | undefined, path: Path, reader: FieldReader): Expression | null {
  if (text === undefined) return null;
  try {
    return parseWhere(text, PACKET_COLUMNS);
  } catch (error) {
    if (!(error instanceof WhereError)) throw error;
    reader.error(path, `Invalid value: ${error.message}`);
    return null;
  }
}
