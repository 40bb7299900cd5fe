/**
 * Every field of every policy of the examples is offered at its own place: with the text around it, and with nothing behind it yet.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { complete } from '../../src/completion/complete.js';
import { cursorAt } from '../../src/completion/cursor.js';
import { KINDS, kindOf, schemaAt } from '../../src/completion/kinds.js';
import { outlineOf } from '../../src/completion/outline.js';
import type { KubernetesDocument, Path } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';

const files = ['examples', 'pcaps']
  .flatMap(folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)))
  .filter(name => /polic.*\.ya?ml$/.test(name))
  .sort();

interface Field {
  readonly path: Path;
  readonly offset: number;
}

/** The fields that the schema of the document's kind knows, where the real parser finds them. */
function fieldsOf(document: KubernetesDocument, text: string): Field[] {
  const kind = kindOf(document.apiVersion, document.kind);
  if (kind === undefined) return [];
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const found: Field[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) for (const [i, it] of value.entries()) visit(it, [...path, i]);
    else if (typeof value === 'object' && value !== null && schemaAt(kind.schema, path)?.kind === 'object') {
      for (const [name, it] of Object.entries(value)) {
        const below = [...path, name];
        if (schemaAt(kind.schema, below) === undefined) continue;
        const { line, column } = document.at(below);
        found.push({ path: below, offset: starts[line - 1]! + column - 1 });
        visit(it, below);
      }
    }
  };
  visit(document.object, []);
  return found;
}

describe('every field of the examples', () => {
  const kinds = new Set<string>();
  let fields = 0;
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    for (const document of readDocuments(text, file).documents) {
      const its = fieldsOf(document, text);
      if (its.length === 0) continue;
      kinds.add(document.kind);
      fields += its.length;
      it(`${file}: ${document.kind} ${document.name}`, () => {
        for (const { path, offset } of its) {
          const name = String(path.at(-1));
          const where = `${path.join('.')} at ${offset}`;
          const isHead = path.length === 1 && (name === 'apiVersion' || name === 'kind');
          for (const given of isHead ? [text] : [text, text.slice(0, offset)]) {
            const isQuoted = /["']/.test(text[offset]!);
            const cursor = cursorAt(given, offset);
            expect(cursor?.path, where).toEqual(path.slice(0, -1));
            const offered = complete(given, offset, null).items.map(it => it.label);
            if (!isQuoted) expect(offered, where).toContain(name);
          }
        }
      });
    }
  }

  it('are of many kinds', () => {
    expect(fields).toBeGreaterThan(1000);
    expect(kinds.size).toBeGreaterThan(8);
  });
});

it('every kind has a schema that knows its spec', () => {
  for (const { schema } of KINDS) expect(schemaAt(schema, ['spec'])).toBeDefined();
});

describe('any text at any place', () => {
  const texts = files.slice(0, 40).map(file => readFileSync(file, 'utf8').slice(0, 3000));
  const noise = fc.string({ unit: fc.constantFrom(...'ab:-#{}[],"\'|> \n\t&*!'), maxLength: 60 });

  it('is answered', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), noise, fc.nat(), fc.nat(), (text, inserted, at, offset) => {
        const place = at % (text.length + 1);
        const edited = text.slice(0, place) + inserted + text.slice(place);
        const where = offset % (edited.length + 1);
        const { from } = complete(edited, where, null);
        expect(from).toBeLessThanOrEqual(where);
        expect(from).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes time in proportion to its length, whatever it is made of', () => {
    for (const piece of ['{', '[', '- ', 'a: ', '"', ' ', '- [', 'a: {b: ', '\n', '#', "'", ':', 'a:\n ']) {
      const text = piece.repeat(20_000 / piece.length);
      const started = performance.now();
      outlineOf(text);
      expect(performance.now() - started, JSON.stringify(piece)).toBeLessThan(1000);
    }
  });
});
