import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressWords } from '../../src/packet/text.js';
import { bindNamed, compileWhere } from '../../src/where/compile.js';
import { fieldsOf } from '../../src/where/expression.js';
import { type Field, type Value, WhereError } from '../../src/where/field.js';
import { matchAddress, matchNumber, matchValue } from '../../src/where/match.js';
import { parseWhere } from '../../src/where/parse.js';
import { seed } from '../support/seed.js';

const FIELDS: readonly Field[] = [
  { name: 'verdict', type: 'text', values: ['allowed', 'dropped', 'undecided'] },
  { name: 'protocol', type: 'text', values: ['TCP', 'UDP'], read: word => (word === '6' ? 'TCP' : null) },
  { name: 'policy', type: 'text' },
  { name: 'policies', type: 'texts' },
  { name: 'dport', type: 'number' },
  { name: 'midstream', type: 'boolean' },
  { name: 'src', type: 'address' },
  { name: 'time', type: 'time' },
];

type Row = Readonly<Record<string, Value>>;
const SECOND = 1_000_000_000n;
const ROW: Row = {
  verdict: 'dropped',
  protocol: 'TCP',
  policy: 'shop/db',
  policies: ['shop/db', 'shop/all'],
  dport: 53,
  midstream: true,
  src: '10.1.2.3',
  time: BigInt(Date.parse('2026-01-31T12:00:00Z') / 1000) * SECOND + 500_000_000n,
};
const NOTHING: Row = Object.fromEntries(FIELDS.map(({ name }) => [name, null]));

const passes = (expression: string, row: Row = ROW): boolean =>
  compileWhere(parseWhere(expression, FIELDS), bindNamed)(row);

function errorOf(expression: string): WhereError {
  try {
    parseWhere(expression, FIELDS);
  } catch (error) {
    if (error instanceof WhereError) return error;
    throw error;
  }
  throw new Error(`${expression} is taken`);
}

describe('an expression', () => {
  const TRUE = [
    'verdict == dropped && dport == 53',
    'verdict == DROPPED and protocol == tcp',
    'protocol == 6 && protocol in (6, udp)',
    "policy == 'shop/db'",
    'policy == "shop/db"',
    'policy ~ shop/*',
    'policy ~ *d?',
    'policy !~ shop/?',
    'policy ~ /^shop\\/d/',
    'policy ~ /o.*b/',
    'policies == shop/all',
    'policies ~ */all',
    'policies in (other, shop/all)',
    'policies != other',
    'dport in (80, 50-60)',
    'dport in 53',
    'dport not in (80, 443)',
    'dport < 54 && dport <= 53 && dport > 52 && dport >= 53',
    'midstream',
    '!(midstream == false)',
    'not !midstream',
    'src in 10.0.0.0/8',
    'src in (fe80::/10, 10.1.2.0/24)',
    'src == 10.1.2.3',
    'src != ::1',
    'src not in 11.0.0.0/8',
    'time == 2026-01-31',
    'time == 2026-01-31T12:00',
    'time == 2026-01-31T13:00+01:00',
    'time == 2026-01-31T12:00:00.5Z',
    'time >= 2026-01-31T12:00:00.5Z && time <= 2026-01-31T12:00:00.500000000Z',
    'time > 2026-01-30 && time < 2026-02-01',
    'verdict == allowed || dport == 53',
    'verdict == allowed && dport == 80 || midstream',
    'verdict != null',
    'src in 0.0.0.0/0',
  ];
  for (const expression of TRUE) {
    it(`lets through what is so: ${expression}`, () => {
      expect(passes(expression)).toBe(true);
      expect(passes(`!(${expression})`)).toBe(false);
    });
  }

  const FALSE = [
    'time > 2026-01-31',
    'time < 2026-01-31',
    'time == 2026-01-31T12:00:00.4Z',
    'policy ~ hop/*',
    'policy ~ shop.db*',
    'src in 10.1.2.4/32',
    'src in ::/0',
    'dport in (54-60)',
    'verdict == allowed && midstream || dport == 80',
    'policy == null',
  ];
  for (const expression of FALSE) {
    it(`keeps back what is not: ${expression}`, () => expect(passes(expression)).toBe(false));
  }

  it('finds nothing in what is not there but null, and its absence', () => {
    for (const { name } of FIELDS) {
      expect(passes(`${name} == null`, NOTHING)).toBe(true);
      expect(passes(`${name} != null`, NOTHING)).toBe(false);
    }
    for (const test of ['dport == 0', 'dport < 9', 'dport >= 0', 'midstream', 'midstream == false', 'policy ~ *'])
      expect(passes(test, NOTHING), test).toBe(false);
    for (const test of ['dport != 0', 'policy !~ *', 'src not in 0.0.0.0/0', 'policies != shop/db'])
      expect(passes(test, NOTHING), test).toBe(true);
  });

  it('binds && closer than ||, and ! closest', () => {
    expect(passes('midstream || midstream && !midstream')).toBe(true);
    expect(passes('(midstream || midstream) && !midstream')).toBe(false);
    expect(passes('!midstream || midstream')).toBe(true);
  });

  it('tells which fields it asks about', () => {
    expect([...fieldsOf(parseWhere('!(dport == 1) || src == ::1 && dport > 2', FIELDS))].sort()).toEqual([
      'dport',
      'src',
    ]);
  });

  it('takes as many parts as there are', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => `dport == ${i}`).join(' || ');
    expect(passes(many)).toBe(true);
    expect(passes(many, { ...ROW, dport: 60_000 })).toBe(false);
  });
});

describe('a wrong expression', () => {
  const WRONG: readonly (readonly [string, number, string, string?])[] = [
    ['verdict == droped', 11, "'droped' is no value of verdict", 'did you mean dropped? one of allowed'],
    ['dprt == 53', 0, "there is no field 'dprt'", 'did you mean dport?'],
    ['dport = 53', 6, "'=' is no operator", 'did you mean ==?'],
    ['dport == 53 & midstream', 12, "'&' is no operator", 'did you mean &&?'],
    ['dport == fifty', 9, "'fifty' is no value of dport", 'a whole number'],
    ['dport == 50-60', 9, "'50-60' is no value of dport", 'a whole number'],
    ['dport in 60-50', 9, "'60-50' is no value of dport", '50-60: the smaller number first'],
    ['src == 10.0.0.0/8', 7, "'10.0.0.0/8' is no value of src", 'src in 10.0.0.0/8'],
    ['src in 10.0.0.0/33', 7, "'10.0.0.0/33' is no value of src", '0 to 32'],
    ['src in 10.0.0/8', 7, "'10.0.0/8' is no value of src", 'prefixes'],
    ['src < 10.0.0.1', 4, '< compares numbers and times; src is neither', 'use in'],
    ['src ~ 10.*', 4, '~ is for text; src is none', 'src in'],
    ['policy ~ db', 9, "'db' has no * and no ?", '*db*'],
    ['policy ~ /(/', 9, '/(/ is no regular expression', "RE2's syntax"],
    ['policy ~ /a', 9, 'what begins with / here does not end'],
    ['policy == "a', 10, 'what begins with " here does not end'],
    ['time > yesterday', 7, "'yesterday' is no value of time", '2026-01-31'],
    ['time > 2026-02-30', 7, "'2026-02-30' is no value of time"],
    ['time > 2026-13-01', 7, "'2026-13-01' is no value of time"],
    ['dport', 5, 'dport is a number: an operator must follow', 'in'],
    ['dport == 53 dport', 12, "'dport' stands where && or || would go on"],
    ['(dport == 53', 12, "the end stands where ')' would"],
    ['dport == ', 9, 'the end stands where a value of dport would'],
    ['', 0, 'the end stands where a field would'],
    ['dport in (1 2)', 12, "'2' stands where ')' would"],
    ['policy in (null, db)', 11, 'null is no value of a list', 'policy == null || policy in'],
    ['midstream == yes', 13, "'yes' is no value of midstream", 'true or false'],
    [`${'('.repeat(300)}midstream${')'.repeat(300)}`, 200, 'more than 200 in each other'],
  ];
  for (const [expression, position, problem, hint] of WRONG) {
    it(`is told where and what: ${expression.slice(0, 40)}`, () => {
      const error = errorOf(expression);
      expect(error.problem).toContain(problem);
      expect(error.position).toBe(position);
      if (hint !== undefined) expect(error.hint).toContain(hint);
    });
  }
});

describe('a compiled expression', () => {
  /** What an expression means, in the plainest words: text made from a tree, and the tree looked at again for each row. */
  type Tree =
    | { kind: 'and' | 'or'; parts: Tree[] }
    | { kind: 'not'; part: Tree }
    | { kind: 'test'; text: string; holds: (row: Row) => boolean };

  const test = (text: string, holds: (row: Row) => boolean): Tree => ({ kind: 'test', text, holds });
  const port = fc.integer({ min: 0, max: 12 });
  const octet = fc.integer({ min: 0, max: 3 });
  const name: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'ab', 'a/b', 'ba');
  const bitsOf = (address: string): string =>
    address
      .split('.')
      .map(part => Number(part).toString(2).padStart(8, '0'))
      .join('');

  const leaf: fc.Arbitrary<Tree> = fc.oneof(
    fc.tuple(fc.constantFrom('==', '!=', '<', '<=', '>', '>='), port).map(([operator, value]) =>
      test(`dport ${operator} ${value}`, ({ dport }) => {
        if (operator === '!=') return dport !== value;
        if (dport === null) return false;
        const given = Number(dport);
        return {
          '==': given === value,
          '<': given < value,
          '<=': given <= value,
          '>': given > value,
          '>=': given >= value,
        }[operator]!;
      }),
    ),
    fc.array(fc.tuple(port, port), { minLength: 1, maxLength: 3 }).map(pairs => {
      const ranges = pairs.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
      return test(`dport in (${ranges.map(([a, b]) => `${a}-${b}`).join(', ')})`, ({ dport }) =>
        ranges.some(([a, b]) => dport !== null && Number(dport) >= a && Number(dport) <= b));
    }),
    name.map(value => test(`policy == "${value}"`, ({ policy }) => policy === value)),
    fc
      .array(name, { minLength: 1, maxLength: 3 })
      .map(values =>
        test(`policies in (${values.join(',')})`, ({ policies }) =>
          ((policies as string[] | null) ?? []).some(it => values.includes(it))),
      ),
    name.map(value => test(`policy ~ ${value}*`, ({ policy }) => String(policy ?? '\0').startsWith(value))),
    name.map(value =>
      test(`policies !~ *${value}`, ({ policies }) =>
        !((policies as string[] | null) ?? []).some(it => it.endsWith(value))),
    ),
    fc
      .tuple(octet, octet, fc.integer({ min: 0, max: 32 }))
      .map(([a, b, length]) =>
        test(`src in 10.${a}.0.${b}/${length}`, ({ src }) =>
          src !== null && bitsOf(String(src)).startsWith(bitsOf(`10.${a}.0.${b}`).slice(0, length))),
      ),
    fc.constantFrom(
      test('midstream', ({ midstream }) => midstream === true),
      test('src == null', ({ src }) => src === null),
    ),
  );
  const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>(tie => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
        .map(([kind, parts]): Tree => ({ kind, parts })),
      tie('tree').map((part): Tree => ({ kind: 'not', part })),
    ),
  })).tree;

  const textOf = (it: Tree): string =>
    it.kind === 'test'
      ? it.text
      : it.kind === 'not'
        ? `!(${textOf(it.part)})`
        : it.parts.map(part => `(${textOf(part)})`).join(it.kind === 'and' ? ' && ' : ' || ');
  const holds = (it: Tree, row: Row): boolean =>
    it.kind === 'test'
      ? it.holds(row)
      : it.kind === 'not'
        ? !holds(it.part, row)
        : it.kind === 'and'
          ? it.parts.every(part => holds(part, row))
          : it.parts.some(part => holds(part, row));

  const row: fc.Arbitrary<Row> = fc
    .record({
      dport: fc.option(port),
      policy: fc.option(name),
      policies: fc.option(fc.array(name, { maxLength: 3 })),
      src: fc.option(fc.tuple(octet, octet, octet).map(([a, b, c]) => `10.${a}.${b}.${c}`)),
      midstream: fc.boolean(),
    })
    .map(it => it);

  it('means what its parts mean', () => {
    fc.assert(
      fc.property(tree, fc.array(row, { minLength: 1, maxLength: 10 }), (it, rows) => {
        const compiled = compileWhere(parseWhere(textOf(it), FIELDS), bindNamed);
        for (const each of rows) expect(compiled(each), textOf(it)).toBe(holds(it, each));
      }),
      { seed, numRuns: 500 },
    );
  });

  it('tests numbers and addresses as it tests values', () => {
    fc.assert(
      fc.property(leaf, row, (it, given) => {
        const expression = parseWhere(textOf(it), FIELDS);
        const inner = expression.kind === 'not' ? expression.part : expression;
        if (inner.kind !== 'test') throw new Error('no test');
        const { field, test: asked } = inner;
        const value = given[field.name] ?? null;
        if (field.type === 'number')
          expect(matchNumber(asked)(value === null ? Number.NaN : Number(value))).toBe(matchValue(asked)(value));
        if (field.type === 'address') {
          const words = value === null ? null : addressWords(String(value))!;
          const found = matchAddress(asked)(words?.family ?? 0, [9, ...(words?.words ?? [0, 0, 0, 0])], 1);
          expect(found).toBe(matchValue(asked)(value));
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  it('masks every word of an IPv6 address', () => {
    const under = (block: string, address: string): boolean => passes(`src in ${block}`, { ...ROW, src: address });
    const address = 'fd00:1:2:3:4:5:6:7';
    for (const length of [0, 1, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128])
      expect(under(`${address}/${length}`, address)).toBe(true);
    for (const [length, other] of [
      [128, 'fd00:1:2:3:4:5:6:6'],
      [97, 'fd00:1:2:3:4:5:8006:7'],
      [65, 'fd00:1:2:3:8004:5:6:7'],
      [33, 'fd00:1:8002:3:4:5:6:7'],
      [32, 'fd00:2:2:3:4:5:6:7'],
      [1, '7d00:1:2:3:4:5:6:7'],
    ] as const) {
      expect(under(`${address}/${length}`, other), `${length}`).toBe(false);
    }
  });
});
