/**
 * Files before and after: what differs is enough to make the one of the other, and nothing that was written is lost where other files
 * are opened beside them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carried, editsBetween, type Files, replaced, withEdits } from '../../web/app/edit/files.js';
import { edited } from '../../web/worker/editing.js';

const files: fc.Arbitrary<Files> = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), text: fc.constantFrom('1', '2', '3') }),
  { selector: it => it.name, maxLength: 5 },
);
const byName = (all: Files) => Object.fromEntries(all.map(it => [it.name, it.text]));

it('what makes one of the other does, on either side of the worker', () => {
  fc.assert(
    fc.property(files, files, (from, to) => {
      const edits = editsBetween(from, to);
      expect(byName(withEdits(from, edits))).toEqual(byName(to));
      expect(edited(from, edits)).toEqual(withEdits(from, edits));
      expect(editsBetween(to, to)).toEqual([]);
    }),
  );
});

it('a file that is replaced keeps its place', () => {
  const all = [
    { name: 'a', text: '1' },
    { name: 'b', text: '1' },
  ];
  expect(replaced(all, 'a', '2').map(({ name }) => name)).toEqual(['a', 'b']);
  expect(withEdits(all, [{ name: 'c', text: '1' }]).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

describe('where other files are opened', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(name => ({ name, text: '1' })) as [Files[number], Files[number], Files[number]];

  it('beside those that are open, these stay as they are written', () => {
    const now = [{ name: 'a', text: '2' }, b, { name: 'new', text: '3' }];
    expect(byName(carried(now, [a, b], [a, b, c]))).toEqual({ a: '2', b: '1', c: '1', new: '3' });
  });

  it('in place of one of the same name, it is the one that was opened', () => {
    const opened = { name: 'a', text: '5' };
    expect(byName(carried([{ name: 'a', text: '2' }, b], [a, b], [b, opened]))).toEqual({ a: '5', b: '1' });
  });

  it('what was taken away stays away', () => {
    expect(byName(carried([b], [a, b], [a, b, c]))).toEqual({ b: '1', c: '1' });
  });

  it('instead of all others, nothing is left of them', () => {
    expect(carried([{ name: 'a', text: '2' }], [a, b], [c])).toEqual([c]);
    expect(carried([{ name: 'a', text: '2' }], [a], [])).toEqual([]);
  });
});
