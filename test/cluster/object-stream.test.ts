/**
 * Objects come whole out of a stream, wherever its text is cut.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_LENGTH, ObjectStream } from '../../src/cluster/object-stream.js';
import { seed } from '../support/seed.js';

describe('a stream of objects', () => {
  it('gives each object, whatever stands in it and wherever the text is cut', () => {
    const object = fc.dictionary(
      fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', 'a', '\u00e9', ' ') }),
      fc.json(),
    );
    const between = fc.constantFrom('', '\n', ' \r\n\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(object, between)), fc.array(fc.nat()), (objects, cuts) => {
        const text = objects.map(([it, space]) => JSON.stringify(it) + space).join('');
        const at = [0, ...cuts.map(cut => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
        const stream = new ObjectStream();
        const found = at.slice(1).flatMap((to, i) => stream.take(text.slice(at[i], to)));
        expect(found.map(it => JSON.parse(it))).toEqual(objects.map(([it]) => it));
        expect(stream.isOpen).toBe(false);
      }),
      { seed, numRuns: 500 },
    );
  });

  it('says where something else stands, or an object has no end', () => {
    const stream = new ObjectStream();
    expect(stream.take('{"a":1} {"b":')).toEqual(['{"a":1}']);
    expect(stream.isOpen).toBe(true);
    expect(() => stream.take('2}\nError from server')).toThrow('at character 17: "E" where an object must begin');
    expect(() => new ObjectStream().take(`{"a":"${'x'.repeat(MOST_LENGTH)}`)).toThrow(
      `an object of more than ${MOST_LENGTH} characters`,
    );
  });
});
