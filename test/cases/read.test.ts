/** A cases file is read whole, and everything wrong with it is told at once, with its place and the next step. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCases } from '../../src/cases/read.js';
import { seed } from '../support/seed.js';

const HEAD = 'apiVersion: policap/v1\nkind: TestCases\n';
const problems = (text: string): string[] =>
  readCases(text, 'cases.yaml').problems.map(
    ({ position, message, hint }) =>
      `${position.line}:${position.column} ${message}${hint === undefined ? '' : ` (${hint})`}`,
  );
const ofCase = (text: string): string[] => problems(`${HEAD}cases:\n  - ${text}\n`);

describe('readCases', () => {
  it('stands for every combination of lists', () => {
    const text = `${HEAD}policies: p\ncases:\n  - { name: all, from: [a/x, a/y], to: b/z, port: [80, 81], protocol: [TCP, UDP], expect: dropped, reason: rule, side: ingress, policy: a/p }\n`;
    const { files, problems: none } = readCases(text, 'cases.yaml');
    expect(none).toEqual([]);
    expect(files[0]!.policies).toEqual(['p']);
    const { assertions } = files[0]!;
    expect(assertions.map(({ query }) => `${query.from} ${query.to} ${query.protocol} ${query.port}`)).toEqual([
      'a/x b/z TCP 80',
      'a/x b/z TCP 81',
      'a/x b/z UDP 80',
      'a/x b/z UDP 81',
      'a/y b/z TCP 80',
      'a/y b/z TCP 81',
      'a/y b/z UDP 80',
      'a/y b/z UDP 81',
    ]);
    expect(assertions[0]).toMatchObject({
      name: 'all: a/x -> b/z TCP 80',
      expected: { verdict: 'dropped', reason: 'rule', sides: ['ingress'], policies: ['a/p'] },
      position: { file: 'cases.yaml', line: 5 },
    });
  });

  it.each([
    [
      '{ from: a/b, to: a/c, expect: allow }',
      /^4:\d+ cases\[0\]\.expect: Unsupported value: "allow".* \(did you mean "allowed"\?\)$/,
    ],
    ['{ from: a/b, too: a/c, expect: allowed }', /unknown field "cases\[0\]\.too" \(did you mean "to"\?\)/],
    [
      '{ from: a/b, ports: 1, to: a/c, expect: allowed }',
      /unknown field "cases\[0\]\.ports" \(did you mean "port"\?\)/,
    ],
    [
      '{ from: a/b, to: a/c, port: 65536, expect: allowed }',
      /cases\[0\]\.port: Invalid value: 65536: must be a whole number from 0 to 65535/,
    ],
    [
      '{ from: a/b, to: a/c, expect: allowed, otherwise: 7 }',
      /cases\[0\]\.otherwise: Invalid value: 7: must be a text/,
    ],
    [
      '{ capture: a, expect: { total: 1 }, otherwise: [] }',
      /cases\[0\]\.otherwise: Invalid value: \[\]: must be a text/,
    ],
    ['{ from: a/b, to: [], expect: allowed }', /cases\[0\]\.to: Invalid value: \[\]: an empty list asks nothing/],
    ['{ from: a/b, to: [a/c, 7], expect: allowed }', /cases\[0\]\.to\[1\]: Invalid value: 7: must be a text/],
    ['{ from: a/b, to: a/c, expect: [allowed, dropped] }', /cases\[0\]\.expect: Invalid value: .*: must be one word/],
    [
      '{ from: a/b, to: a/c, expect: dropped, reason: established }',
      /cases\[0\]\.reason: Unsupported value: "established"/,
    ],
    ['{ from: a/b, to: a/c, expect: dropped, side: both }', /cases\[0\]\.side: Unsupported value: "both"/],
    ['{ to: a/c }', /cases\[0\]\.from: Required value/],
    ['just text', /cases\[0\]: Invalid value: "just text": must be a case/],
    ['{ capture: a.pcap }', /cases\[0\]\.expect: Required value/],
    ['{ capture: , expect: { dropped: 0 } }', /cases\[0\]\.capture: Required value/],
    ['{ capture: a.pcap, expect: {} }', /cases\[0\]\.expect: Invalid value: \{\}: asks nothing/],
    ['{ capture: "-", expect: { dropped: 0 } }', /cases\[0\]\.capture: Invalid value: "-": must be a file/],
    [
      '{ capture: a.pcap, expect: { dropped: -1 } }',
      /cases\[0\]\.expect\.dropped: Invalid value: -1: must be a whole number/,
    ],
    [
      '{ capture: a.pcap, expect: { packets: { droped: 1 } } }',
      /unknown field "cases\[0\]\.expect\.packets\.droped" \(did you mean "dropped"\?\)/,
    ],
    [
      '{ capture: a.pcap, expect: { denied: [{ form: a/b }] } }',
      /unknown field "cases\[0\]\.expect\.denied\[0\]\.form" \(did you mean "from"\?\)/,
    ],
    ['{ capture: a.pcap, expect: { denied: [{ protocol: TCPP }] } }', /protocol: Invalid value: "TCPP"/],
    ['{ capture: a.pcap, from: a/b, expect: { dropped: 0 } }', /unknown field "cases\[0\]\.from"/],
  ])('%s', (text, expected) => {
    expect(ofCase(text).join('\n')).toMatch(expected);
    expect(readCases(`${HEAD}cases:\n  - ${text}\n`, 'cases.yaml').files[0]!.assertions).toEqual([]);
  });

  it('tells all of it at once', () => {
    expect(problems(`${HEAD}polices: x\nprofile: calicoo\ncases:\n  - { from: a/b }\n  - { to: 1 }\n`).length).toBe(7);
  });

  it('is about its own kind alone', () => {
    expect(problems('apiVersion: policap/v2\nkind: TestCases\ncases: []\n').join()).toMatch(
      /apiVersion: Unsupported value: "policap\/v2"/,
    );
    expect(problems('apiVersion: v1\nkind: Pod\nmetadata: {}\n').join()).toMatch(/kind: Unsupported value: "Pod"/);
    expect(problems('').join()).toMatch(/the file holds no cases \(policap init writes/);
    expect(problems(HEAD).join()).toMatch(/cases: Required value/);
  });

  it('bounds what lists stand for', () => {
    const many = `[${Array.from({ length: 400 }, (_, i) => `a/p${i}`).join(', ')}]`;
    expect(ofCase(`{ from: ${many}, to: ${many}, expect: allowed }`).join()).toMatch(/more than 100000 assertions/);
  });

  it('throws at nothing', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom('cases', 'profile', 'policies'), (json, key) => {
        readCases(`{"apiVersion": "policap/v1", "kind": "TestCases", ${JSON.stringify(key)}: ${json}}`, 'x.json');
        readCases(
          `{"apiVersion": "policap/v1", "kind": "TestCases", "cases": [{"from": ${json}, "to": "a/b", "expect": ${json}}, {"capture": "c", "expect": ${json}}, ${json}]}`,
          'x.json',
        );
      }),
      { seed, numRuns: 300 },
    );
  });
});
