/** Patterns of names against what their projects' documentation says, and against regular expressions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { antreaPattern, ciliumPattern, exactName, type NameMatcher } from '../../src/names/patterns.js';
import { seed } from '../support/seed.js';

const table = (matcher: (pattern: string) => NameMatcher, rows: readonly [string, string, boolean][]) => {
  for (const [pattern, name, expected] of rows)
    expect([pattern, name, matcher(pattern)(name)]).toEqual([pattern, name, expected]);
};

describe('patterns of names', () => {
  it('matchName: the name itself, in any case, with a dot at its end or without', () => {
    table(exactName, [
      ['example.com', 'example.com', true],
      ['Example.COM.', 'example.com', true],
      ['example.com', 'www.example.com', false],
      ['*.example.com', 'www.example.com', false],
    ]);
  });

  it("Cilium's matchPattern: a star is a part of one label", () => {
    table(ciliumPattern, [
      ['*.example.com', 'www.example.com', true],
      ['*.example.com', 'a.b.example.com', false],
      ['*.example.com', 'example.com', false],
      ['*example.com', 'example.com', true],
      ['*example.com', 'myexample.com', true],
      ['*example.com', 'www.example.com', false],
      ['sub*.example.com', 'subway.example.com', true],
      ['sub*.example.com', 'sub.example.com', true],
      ['*', 'anything.at.all', true],
      ['**.example.com', 'www.example.com', true],
      ['**.example.com', 'a.b.example.com', true],
      ['**.example.com', 'example.com', false],
      ['**.Example.com.', 'a.example.com', true],
      ['*.*.com', 'a.b.com', true],
      ['*.*.com', 'b.com', false],
      ['*.example.com', 'a_b-1.example.com', true],
      ['*.example.com', 'a!b.example.com', false],
      ['*.example.com', '\\255.example.com', false],
      ['**.example.com', 'a.!.example.com', false],
      ['**.example.com', 'a..example.com', false],
      ['*', '!', true],
    ]);
  });

  it("Antrea's fqdn: a star is anything", () => {
    table(antreaPattern, [
      ['*foobar.com', 'foobar.com', true],
      ['*foobar.com', 'a.b.foobar.com', true],
      ['*.foobar.com', 'foobar.com', false],
      ['*.foobar.com', 'a.b.foobar.com', true],
      ['exact.com', 'exact.com', true],
    ]);
  });

  it(`are what regular expressions say (seed ${seed})`, () => {
    const arbPattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 10 });
    const arbName = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
    let matched = 0;
    fc.assert(
      fc.property(arbPattern, arbName, (pattern, name) => {
        const text = pattern.replace(/\.$/, '');
        const expression = (star: string): RegExp =>
          new RegExp(`^${text.replaceAll('.', '\\.').replaceAll('*', star)}$`);
        expect(antreaPattern(pattern)(name)).toBe(expression('.*').test(name));
        if (text.startsWith('**') || text === '*') return;
        const expected = expression('[^.]*').test(name);
        expect(ciliumPattern(pattern)(name)).toBe(expected);
        if (expected) matched++;
      }),
      { seed, numRuns: 20_000 },
    );
    expect(matched).toBeGreaterThan(200);
  });
});
