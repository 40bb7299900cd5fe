/** TAP, JUnit and GitHub's annotations: whatever names hold, readers of these formats read them back. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type AssertionResult, printable } from '../../src/report/assertions.js';
import { githubText } from '../../src/report/github.js';
import { junitText } from '../../src/report/junit.js';
import { tapText } from '../../src/report/tap.js';
import { seed } from '../support/seed.js';

const ODD = `a "b" <c> & 'd' ]]> % , : # \\ \u0000\u0007\u001b[31m\u0085\ufffe\ud800 é 漢 💡`;

const result = (fields: Partial<AssertionResult> = {}): AssertionResult => ({
  suite: 'cases.yaml',
  name: 'web reaches db',
  status: 'failed',
  position: { file: 'cases.yaml', line: 7, column: 5 },
  message: 'expected allowed, got dropped',
  details: ['DROPPED  web → db', '  ingress  dropped'],
  seconds: 0.0125,
  ...fields,
});

const RESULTS = [
  result({ status: 'passed', message: '', details: [] }),
  result(),
  result({ suite: ODD, name: ODD, message: ODD, details: [ODD, ODD] }),
  result({ status: 'error', message: 'no pod "x"', details: [] }),
];

/** What a strict parser reads of it: python's expat. */
function readXml(
  texts: readonly string[],
): { suites: number; cases: { name: string; children: [string, string, string][] }[] }[] {
  const script = `
import json, sys, xml.etree.ElementTree as e
out = []
for text in json.load(sys.stdin):
    root = e.fromstring(text.encode('utf-8'))
    cases = [{'name': c.get('name'), 'children': [[k.tag, k.get('message'), k.text] for k in c]} for c in root.iter('testcase')]
    out.append({'suites': len(root.findall('testsuite')), 'cases': cases})
json.dump(out, sys.stdout)`;
  return JSON.parse(execFileSync('python3', ['-c', script], { input: JSON.stringify(texts), encoding: 'utf8' }));
}

describe('junitText', () => {
  it('is read by a strict parser, names and messages whole', () => {
    const [read] = readXml([junitText(RESULTS)]);
    expect(read!.suites).toBe(2);
    expect(read!.cases.map(({ children }) => children.map(([tag]) => tag))).toEqual([
      [],
      ['failure'],
      ['error'],
      ['failure'],
    ]);
    const odd = read!.cases.find(({ name }) => name === printable(ODD))!;
    expect(odd.children[0]![1]).toBe(printable(ODD));
    expect(odd.children[0]![2]).toBe([ODD, ODD, ODD].map(printable).join('\n'));
    expect(junitText(RESULTS)).toContain('<testsuites name="policap" tests="4" failures="2" errors="1" time="0.050">');
  });

  it('whatever stands in them', () => {
    const texts = fc.sample(fc.string({ unit: 'binary' }), { seed, numRuns: 100 });
    const read = readXml(texts.map(text => junitText([result({ name: `n${text}`, message: `m${text}` })])));
    read.forEach(({ cases }, i) => {
      // Attributes have no line ends: XML reads them as spaces.
      const expected = printable(`n${texts[i]}`).replace(/[\t\n]/g, ' ');
      expect(cases.map(({ name }) => name)).toEqual([expected]);
    });
  });
});

describe('tapText', () => {
  it('has a plan, a line each, and YAML below what is not ok', () => {
    const text = tapText(RESULTS);
    const lines = text.trimEnd().split('\n');
    expect(lines.slice(0, 3)).toEqual(['TAP version 14', '1..4', 'ok 1 - web reaches db']);
    expect(lines.filter(line => /^(not )?ok /.test(line)).length).toBe(4);
    const blocks = text
      .split(/^ {2}---$/m)
      .slice(1)
      .map(part => parse(part.split(/^ {2}\.\.\.$/m)[0]!));
    expect(blocks[0]).toEqual({
      message: 'expected allowed, got dropped',
      severity: 'fail',
      at: { file: 'cases.yaml', line: 7, column: 5 },
      details: ['DROPPED  web → db', '  ingress  dropped'],
    });
    expect(blocks[1].message).toBe(printable(ODD));
    expect(blocks[2]).toMatchObject({ severity: 'error' });
    expect(blocks[2].details).toBeUndefined();
  });

  it('escapes what begins a directive', () => {
    const [, , line] = tapText([result({ status: 'passed', name: 'a # TODO b \\ c\nd' })]).split('\n');
    expect(line).toBe('ok 1 - a \\# TODO b \\\\ c d');
    expect(tapText([])).toBe('TAP version 14\n1..0 # no assertions\n');
  });
});

describe('githubText', () => {
  it('annotates each line, escaped as the runner reads it', () => {
    const lines = githubText([RESULTS[0]!, result({ name: 'a:b, 100%', message: 'x%\ny', details: [] })]).split('\n');
    expect(lines[0]).toBe('::error file=cases.yaml,line=7,col=5,title=a%3Ab%2C 100%25::x%25%0Ay');
    expect(lines[1]).toBe('1 of 2 assertions passed');
  });

  it('is one line an annotation, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const lines = githubText([result({ name: text, message: text, details: [text] })])
          .trimEnd()
          .split('\n');
        expect(lines.length).toBe(2);
        const [, properties = '', data = ''] = /^::error ([^:]*)::(.*)$/.exec(lines[0]!)!;
        const unescaped = (part: string): string =>
          part.replace(/%(25|0D|0A|3A|2C)/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
        expect(unescaped(/title=(.*)$/.exec(properties)![1]!)).toBe(printable(text));
        expect(unescaped(data)).toBe([text, text].map(printable).join('\n'));
      }),
      { seed, numRuns: 300 },
    );
  });
});
