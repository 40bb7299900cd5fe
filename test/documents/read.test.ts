/** Documents as they are read: kinds, lists, positions, scalars; and everything wrong with them, at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { KubernetesDocument } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';

const read = (text: string | Uint8Array) => readDocuments(text, 'f.yaml');
const objects = (text: string) => read(text).documents.map(({ object }) => object);
const told = (text: string | Uint8Array) =>
  read(text).problems.map(({ position, message }) => `${position.line}:${position.column} ${message}`);
const where = (document: KubernetesDocument, ...path: (string | number)[]) => {
  const { line, column } = document.at(path);
  return `${line}:${column}`;
};

const A = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n';

describe('documents', () => {
  it('several in a file, the empty ones left out', () => {
    const text = `---\n# nothing\n---\n${A}---\n\n---\nnull\n--- # b\napiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n  namespace: x\n...\n`;
    const { documents, problems } = read(text);
    expect(problems).toEqual([]);
    expect(documents.map(({ kind, name, namespace, position }) => [kind, name, namespace, position.line])).toEqual([
      ['Pod', 'a', '', 4],
      ['Pod', 'b', 'x', 12],
    ]);
  });
  it('an empty file has none', () => {
    for (const text of ['', '\n', '# only a comment', '---', '---\n---\n', '\uFEFF']) {
      expect(read(text)).toEqual({ documents: [], problems: [] });
    }
  });
  it('byte order mark, CRLF', () => {
    const bytes = new TextEncoder().encode(`\uFEFF${A.replaceAll('\n', '\r\n')}---\r\n${A}`);
    expect(read(bytes).documents.map(({ name, position }) => [name, position.line])).toEqual([
      ['a', 1],
      ['a', 5],
    ]);
  });
  it('bytes and text give the same', () => {
    const text = A.replace('{name: a}', '{name: a, annotations: {note: "Grüße 🌍"}}');
    expect(read(new TextEncoder().encode(text)).documents[0]!.object).toEqual(read(text).documents[0]!.object);
  });
});

describe('lists', () => {
  const item = (name: string) => `- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: ${name}\n`;
  it('a List is its items, each with its own positions', () => {
    const { documents, problems } = read(
      `apiVersion: v1\nitems:\n${item('a')}# between\n${item('b')}kind: List\nmetadata:\n  resourceVersion: ""\n`,
    );
    expect(problems).toEqual([]);
    expect(documents.map(d => [d.name, d.position.line, d.position.column, where(d, 'metadata', 'name')])).toEqual([
      ['a', 3, 3, '6:5'],
      ['b', 8, 3, '11:5'],
    ]);
  });
  it('items may be indented, in flow style, or in JSON', () => {
    const indented = item('a').replace(/^/gm, '  ').trimEnd();
    for (const text of [
      `kind: List\napiVersion: v1\nitems:\n${indented}\n`,
      'kind: List\napiVersion: v1\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: a}}]\n',
      '{"kind": "List", "apiVersion": "v1", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}]}',
    ]) {
      expect(read(text)).toMatchObject({ documents: [{ kind: 'Pod', apiVersion: 'v1', name: 'a' }], problems: [] });
    }
  });
  it('items of a typed list take its version and kind', () => {
    const { documents } = read(
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems:\n- metadata:\n    name: a\n- kind: NetworkPolicy\n  metadata: {name: b}\n',
    );
    expect(documents.map(({ apiVersion, kind, name }) => [apiVersion, kind, name])).toEqual([
      ['networking.k8s.io/v1', 'NetworkPolicy', 'a'],
      ['networking.k8s.io/v1', 'NetworkPolicy', 'b'],
    ]);
  });
  it('lists in lists, and lists without items', () => {
    expect(
      read(
        'kind: List\napiVersion: v1\nitems:\n- kind: PodList\n  apiVersion: v1\n  items: [{metadata: {name: a}}]\n- kind: PodList\n  apiVersion: v1\n  items: null\n',
      ),
    ).toMatchObject({
      documents: [{ kind: 'Pod', name: 'a' }],
      problems: [],
    });
  });
  it('an anchor of one item is known in the next', () => {
    const text = `kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a, labels: &l {x: "1"}}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: b, labels: *l}\n`;
    const { documents, problems } = read(text);
    expect(problems).toEqual([]);
    expect(documents[1]!.object['metadata']).toEqual({ name: 'b', labels: { x: '1' } });
    expect(where(documents[1]!, 'metadata', 'labels', 'x')).toBe('6:35');
  });
  it('an item that is no object is told', () => {
    expect(told('kind: List\napiVersion: v1\nitems:\n- 7\n-\n')).toEqual([
      '4:3 the number 7, not a Kubernetes object',
      '5:2 nothing, not a Kubernetes object',
    ]);
  });
  it('items of a List name their kind', () => {
    expect(told('kind: List\napiVersion: v1\nitems:\n- metadata: {name: a}\n')).toEqual([
      "4:3 Object 'apiVersion' is missing",
      "4:3 Object 'Kind' is missing",
    ]);
  });
});

describe('positions', () => {
  const yaml = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  list:\n  - x: 1\n  - - y\n    - z\n';
  const json =
    '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "a"},\n "spec": {"list": [{"x": 1},\n  ["y", "z"]], "q\\"]{": 1}}';
  it('a field at its key, an element at its beginning, what does not exist at its parent', () => {
    const [document] = read(yaml).documents;
    expect(where(document!)).toBe('1:1');
    expect(where(document!, 'metadata', 'name')).toBe('4:3');
    expect(where(document!, 'spec', 'list', 0, 'x')).toBe('7:5');
    expect(where(document!, 'spec', 'list', 1, 1)).toBe('9:7');
    expect(where(document!, 'spec', 'none', 'x')).toBe('5:1');
    expect(where(document!, 'spec', 'list', 9)).toBe('6:3');
    expect(where(document!, 'none')).toBe('1:1');
  });
  it('in JSON too', () => {
    const [document] = read(json).documents;
    expect(where(document!, 'metadata', 'name')).toBe('2:15');
    expect(where(document!, 'spec', 'list', 0, 'x')).toBe('3:21');
    expect(where(document!, 'spec', 'list', 1, 1)).toBe('4:9');
    expect(where(document!, 'spec', 'q"]{')).toBe('4:16');
    expect(where(document!, 'spec', 'none')).toBe('3:2');
  });
  it('of JSON lists, item by item', () => {
    const list =
      '{"kind":"PodList","apiVersion":"v1","items":[\n{"metadata":{"name":"a"}},\n{"metadata":{"name":"b"}}]}';
    expect(read(list).documents.map(d => [where(d), where(d, 'metadata', 'name')])).toEqual([
      ['2:1', '2:14'],
      ['3:1', '3:14'],
    ]);
  });
});

describe('scalars, as the Kubernetes tools read them', () => {
  const value = (text: string) =>
    (objects(`apiVersion: v1\nkind: X\nvalue: ${text}\n`)[0] as { value?: unknown }).value;
  it.each<[string, unknown]>([
    ['80', 80],
    ['"80"', '80'],
    ["'80'", '80'],
    ['!!str 80', '80'],
    ['0x1F', 31],
    ['0o17', 15],
    ['017', 15],
    ['08', 8],
    ['0b11', 3],
    ['1_000', 1000],
    ['-5', -5],
    ['+5', 5],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['yes', true],
    ['No', false],
    ['on', true],
    ['OFF', false],
    ['y', true],
    ['n', false],
    ['true', true],
    ['"yes"', 'yes'],
    ['tRue', 'tRue'],
    ['~', null],
    ['', null],
    ['null', null],
    ['1:30', '1:30'],
    ['2026-01-01', '2026-01-01'],
    ['10.0.0.1', '10.0.0.1'],
    ['1.2.3', '1.2.3'],
    ['_1', '_1'],
    ['|\n  two\n  lines', 'two\nlines\n'],
    ['>-\n  one\n  line', 'one line'],
    ['!!int "7"', 7],
    ['{80: a, yes: b, 1.5: c}', { '80': 'a', true: 'b', '1.5': 'c' }],
    ['{__proto__: {x: z}}', JSON.parse('{"__proto__": {"x": "z"}}')],
  ])('%s', (text, expected) => {
    expect(value(text)).toEqual(expected);
  });
  it('a key named __proto__ is a key and no prototype', () => {
    const [object] = objects('apiVersion: v1\nkind: X\n__proto__: {polluted: yes}\n');
    expect(Object.hasOwn(object!, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
  it('merge keys: own keys win, then the earlier map', () => {
    expect(value('\n  a: &a {x: 1, w: 1}\n  b: &b {x: 2, z: 2}\n  c: {<<: [*a, *b], w: 3}')).toMatchObject({
      c: { x: 1, w: 3, z: 2 },
    });
  });
  it('an alias means the last anchor of its name before it', () => {
    expect(value('[&a 1, *a, &a 2, *a]')).toEqual([1, 1, 2, 2]);
  });
});

describe('what is wrong', () => {
  it.each([
    ['a: [1\nb: 2\n', /^\d+:\d+ not valid YAML: /],
    ['\ta: b', /^1:\d+ not valid YAML: /],
    ['hello', /^1:1 the string "hello", not a Kubernetes object$/],
    ['- a', /^1:1 a list, not a Kubernetes object$/],
    ['kind: Pod', /^1:1 Object 'apiVersion' is missing$/],
    ['apiVersion: v1', /^1:1 Object 'Kind' is missing$/],
    ['apiVersion: 1\nkind: Pod', /^1:1 apiVersion: Invalid value: 1: must be a string$/],
    ['apiVersion: v1\nkind: yes', /^2:1 kind: Invalid value: true: must be a string$/],
    [`${A}kind: Pod\n`, /^4:1 key "kind" already set in map$/],
    [`${A}spec: {"a": 1, 'a': 2}\n`, /^4:16 key "a" already set in map$/],
    ['{"kind": "Pod", "apiVersion": "v1", "a": {"b": 1, "b": 2}}', /^1:51 key "b" already set in map$/],
    ['{"kind": "Pod", "apiVersion": "v1", "a": 1, "\\u0061": 2}', /^1:45 key "a" already set in map$/],
    [`${A}spec: *x\n`, /^4:7 unknown anchor "x" referenced$/],
    [`${A}spec: &x [*x]\n`, /^4:11 unknown anchor "x" referenced$/],
    [`${A}spec: !!js/function "function(){}"\n`, /^4:\d+ tag !!js\/function is not known to Kubernetes$/],
    [`${A}spec: !Ref x\n`, /^4:\d+ tag !Ref is not known to Kubernetes$/],
    [`${A}spec: !!set {a, b}\n`, /^4:\d+ tag !!set is not known to Kubernetes$/],
    [`${A}spec: !!int x\n`, /^4:\d+ cannot decode "x" as a !!int$/],
    [`${A}spec: .nan\n`, /^4:7 a number that JSON cannot hold$/],
    [`${A}spec: {? [a] : b}\n`, /^4:\d+ a map key must be a string, not a list or a map$/],
    [`${A}spec: {? : b}\n`, /^4:\d+ a map key without text$/],
    [`${A}spec: {<<: 7}\n`, /^4:8 map merge requires map or sequence of maps as the value$/],
    [`${A}spec: \u0001\n`, /^4:7 control characters are not allowed: U\+0001$/],
    [`${A}spec: \0\n`, /^4:7 a NUL byte: this is not a text file$/],
    ['{"kind": "Pod", "apiVersion": "v1"', /^1:\d+ not valid/],
  ])('%j', (text, expected) => {
    const problems = told(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });
  it('all of a file at once, and the good documents are kept', () => {
    const { documents, problems } = read(`${A}---\na: [\n---\nkind: Pod\n---\n${A}x: 1\nx: 2\n---\n${A}`);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('not valid YAML'),
      "Object 'apiVersion' is missing",
      'key "x" already set in map',
    ]);
    expect(documents.map(({ position }) => position.line)).toEqual([1, 15]);
  });
  it('templates are told how to become manifests', () => {
    for (const text of ['metadata:\n  name: {{ .Values.name }}\n', '{{- if .Values.on }}\nkind: Pod\n{{- end }}\n']) {
      const { problems } = read(text);
      expect(problems).toMatchObject([{ message: 'a template ({{ ... }}), not a manifest' }]);
      expect(problems[0]!.hint).toContain('helm template');
    }
  });
  it.each([
    [[0x61, 0x3a, 0x20, 0xff, 0x0a], '1:4 not UTF-8: byte 0xff at offset 3'],
    [[0x61, 0x3a, 0x0a, 0xc3], '2:1 not UTF-8: byte 0xc3 at offset 3'],
    [[0xc3, 0x28], '1:1 not UTF-8: byte 0xc3 at offset 0'],
    [[0xed, 0xa0, 0x80], '1:1 not UTF-8: byte 0xed at offset 0'],
  ])('bytes %j', (bytes, expected) => {
    expect(told(Uint8Array.from(bytes))).toEqual([expected]);
  });
  it('a capture, compressed data and UTF-16 are recognised', () => {
    const hint = (bytes: number[]) => read(Uint8Array.from(bytes)).problems[0]!.hint;
    expect(hint([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0])).toContain('capture');
    expect(hint([0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0])).toContain('capture');
    expect(hint([0x1f, 0x8b, 8, 0])).toContain('gzip');
    expect(hint([0xff, 0xfe, 0x61, 0])).toContain('UTF-16');
  });
  it('more bytes than the limit', () => {
    expect(readDocuments(A, 'f.yaml', { maxBytes: 10 }).problems).toMatchObject([
      { severity: 'error', message: `the file has ${A.length} bytes, more than the limit of 10` },
    ]);
  });
  it('one YAML document longer than its limit; a list of short ones is not', () => {
    const options = { maxYamlDocumentBytes: 60 };
    const long = `${A}spec: {x: ${'y'.repeat(60)}}\n`;
    expect(readDocuments(`${A}---\n${long}`, 'f.yaml', options)).toMatchObject({
      documents: [{ name: 'a' }],
      problems: [{ position: { line: 4 }, message: expect.stringContaining('more than the limit of 60') }],
    });
    const item = '- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n';
    const list = `apiVersion: v1\nitems:\n${item.repeat(10)}kind: List\n`;
    expect(readDocuments(list, 'f.yaml', options)).toMatchObject({ documents: { length: 10 }, problems: [] });
  });
});

describe('round trips', () => {
  const scalar = fc.oneof(
    fc.string({ unit: fc.constantFrom(...' :-#{}[]"\'\\ab1.0\nyestrue~!&*|>%@`,é') }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('yes', 'no', 'on', 'y', '0777', '1_0', '0x1', '1e3', '~', '', '.5', '<<', '2026-01-01'),
  );
  // The writer leaves << bare, which as a key means a merge, and numbers that only Go reads as such (0X1, 0o7).
  const key = fc.string().filter(text => text !== '<<' && !/^[-+]?0[XBOo]/.test(text));
  const { value } = fc.letrec(tie => ({
    value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('value')), fc.dictionary(key, tie('value'))),
  }));
  const object = value.map(spec => ({ apiVersion: 'v1', kind: 'X', spec }));
  it('objects -> YAML -> the same objects', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 3 }), given => {
        // YAML 1.1 quotes what that version reads as something else than a string. No block scalars: the writer loses
        // blank lines in them. Anchors are another test's.
        const text = given
          .map(o => stringify(o, { version: '1.1', blockQuote: false, aliasDuplicateObjects: false }))
          .join('---\n');
        expect(objects(text)).toEqual(given);
      }),
    );
  });
  it('objects -> a List in YAML -> the same objects', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 4 }), fc.boolean(), (given, indentSeq) => {
        const list = { apiVersion: 'v1', items: given, kind: 'List' };
        const text = stringify(list, { version: '1.1', blockQuote: false, aliasDuplicateObjects: false, indentSeq });
        expect(objects(text)).toEqual(given);
      }),
    );
  });
  it('objects -> JSON -> the same objects, and every position is that of its key', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, 2), (given, indent) => {
        const text = given.map(o => JSON.stringify(o, null, indent)).join('\n');
        const { documents } = read(text);
        expect(documents.map(d => d.object)).toEqual(given);
        const lines = text.split('\n');
        for (const document of documents) {
          const { line, column } = document.at(['spec']);
          expect(lines[line - 1]!.slice(column - 1)).toMatch(/^"spec"/);
        }
      }),
    );
  });
});
