/**
 * What a check says of files that are no right answer, and what lessons and measures are made of.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadLesson } from '../../src/cli/learn-folder.js';
import { compile } from '../../src/compile.js';
import { TIMEOUTS } from '../../src/flow/timeouts.js';
import { castLines } from '../../src/lessons/cast.js';
import { checkLesson } from '../../src/lessons/check.js';
import { summaryOf } from '../../src/lessons/check-policy.js';
import { measure, packetsOf } from '../../src/lessons/measure.js';
import type { Finding, Lesson, Setting } from '../../src/lessons/model.js';
import { pathsNamed, readLesson } from '../../src/lessons/read.js';
import { readStory } from '../../src/lessons/story.js';
import { policap } from '../cli/person.js';

const first = loadLesson('01-the-default');
const ENFORCED = loadLesson('18-not-enforced');
const INVALID = loadLesson('19-invalid-packets');
const TIMEOUT = loadLesson('20-timeouts');
const TREE = loadLesson('21-decision-tree');
const FLOOD = loadLesson('22-syn-flood');

const answer = (fields: string): string => `apiVersion: policap/v1\nkind: Answer\n${fields}\n`;
const questionsOf = ({ asks }: Lesson) => (asks.kind === 'answers' ? asks.questions : []);
const asked = (lesson: Lesson, key: string) => questionsOf(lesson).find(it => it.key === key)!;
const found = (lesson: Lesson, key: string) => {
  const { measure: what, setup } = asked(lesson, key) as Finding;
  return measure(what, setup, lesson);
};

async function said(lesson: Lesson, fields: string, key: string) {
  const { expected } = await checkLesson(lesson, answer(fields), 'answer.yaml');
  return expected.find(it => it.asked.startsWith(key))!;
}

describe("a learner's file", () => {
  it('that is no YAML is told with its line, and nothing is judged', async () => {
    const { passed, expected, problems } = await checkLesson(first, 'kind: NetworkPolicy\nspec: [', 'policy.yaml');
    expect({ passed, expected }).toEqual({ passed: false, expected: [] });
    expect(problems[0]).toMatchObject({ severity: 'error', position: { file: 'policy.yaml', line: 2 } });
  });

  it('that the API server would refuse is told so, with line and column', async () => {
    const text = first.solution.replace('- Ingress', '- Inbound');
    const { expected, problems } = await checkLesson(first, text, 'policy.yaml');
    expect(expected).toEqual([]);
    expect(problems[0]!.message).toContain('spec.policyTypes[0]: Unsupported value: "Inbound"');
    expect(problems[0]!.position).toMatchObject({ file: 'policy.yaml', line: 11, column: 7 });
  });

  it('holds policies, and does not change the cluster', async () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: web-1, namespace: shop }\n';
    const { passed, problems } = await checkLesson(first, `${first.solution}---\n${pod}`, 'policy.yaml');
    expect(passed).toBe(false);
    expect(problems).toEqual([
      expect.objectContaining({
        message: 'kind: Pod is no policy',
        position: expect.objectContaining({ line: first.solution.split('\n').length + 1 }),
      }),
    ]);
  });

  it('that fails says what came, by which policy, on which line', async () => {
    const { expected } = await checkLesson(first, first.solution.replace('app: web', 'app: wep'), 'mine.yaml');
    const wrong = expected.filter(({ passed }) => !passed);
    expect(wrong[0]).toEqual({
      passed: false,
      asked: 'shop/web-1 -> shop/api-1 TCP 22 is allowed',
      sentence: 'web-1 cannot reach api-1 on every port: no port was to be named.',
      why: ['expected allowed, got dropped: ingress default-deny: shop/api-from-web (mine.yaml:1)'],
    });
    expect(expected.find(({ passed }) => passed)).toMatchObject({ sentence: null, why: [] });
  });

  it('keeps its warnings where it is judged', async () => {
    const text = first.solution.replace('app: web', 'App: web').replace('spec:', 'status: {}\nspec:');
    const { problems, expected } = await checkLesson(first, text, 'policy.yaml');
    expect(expected.length).toBeGreaterThan(0);
    expect(problems.every(({ severity }) => severity === 'warning')).toBe(true);
  });
});

describe('an answer', () => {
  it('that is missing or empty is not yet there', async () => {
    expect(await said(TIMEOUT, 'lost:', 'lost')).toMatchObject({ passed: false, sentence: 'There is no answer yet.' });
    expect(await said(TIMEOUT, 'lost: [13]', 'seconds')).toMatchObject({ sentence: 'There is no answer yet.' });
    expect((await checkLesson(TIMEOUT, '', 'answer.yaml')).passed).toBe(false);
  });

  it.each([
    ['lost: [a]', 'lost: Invalid value: ["a"]: must be a list of packet numbers: [3, 5]', 3, 1],
    ['seconds: soon', 'seconds: Invalid value: "soon": must be a number', 3, 1],
    ['seconds: -1', 'seconds: Invalid value: -1: must be a number', 3, 1],
    ['lots: [13]', 'unknown field "lots"', 3, 1],
  ])('%s is told with line and column', async (fields, message, line, column) => {
    const { passed, expected, problems } = await checkLesson(TIMEOUT, answer(fields), 'answer.yaml');
    expect({ passed, expected }).toEqual({ passed: false, expected: [] });
    expect(problems).toEqual([expect.objectContaining({ message, position: { file: 'answer.yaml', line, column } })]);
  });

  it('has a hint for a key that was meant, and for a kind', async () => {
    const misspelt = await checkLesson(TIMEOUT, answer('lots: [13]'), 'answer.yaml');
    expect(misspelt.problems[0]!.hint).toBe('did you mean "lost"?');
    const kind = await checkLesson(TIMEOUT, 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n', 'answer.yaml');
    expect(kind.problems[0]).toMatchObject({ message: 'kind: Pod is no answer', hint: 'kind: Answer' });
  });

  it('names plugins that the question is about, in any order', async () => {
    const wrong = await checkLesson(ENFORCED, answer('plugins: [calico, docker]'), 'answer.yaml');
    expect(wrong.problems[0]!.message).toContain('each one of calico, cilium, flannel, kube-router, weave');
    expect((await said(ENFORCED, 'plugins: [weave, kube-router, cilium, calico]', 'plugins')).passed).toBe(true);
    expect((await said(ENFORCED, 'plugins: [weave, flannel]', 'plugins')).why).toEqual([
      'flannel does not belong to it',
      '3 more belong to the answer',
    ]);
  });

  it('of packets is told what became of those that do not belong, and how many are missing', async () => {
    expect(await said(TIMEOUT, 'lost: [14, 13, 99]', 'lost')).toMatchObject({
      passed: false,
      why: ['packet 14 does not belong to it: allowed: rule', 'there is no packet 99'],
    });
    expect((await said(TIMEOUT, 'lost: []', 'lost')).why).toEqual(['1 more belongs to the answer']);
    expect((await said(TIMEOUT, 'lost: [1, 2, 3, 4, 5, 6, 7]', 'lost')).why).toContain('nor do 2 other packets');
    expect((await said(TIMEOUT, 'lost: 13', 'lost')).passed).toBe(true);
  });

  it('that is a number is told whether it is too high', async () => {
    expect((await said(INVALID, 'resets: 9', 'resets')).why).toEqual(['9 is too high']);
    expect((await said(INVALID, 'resets: 4', 'resets')).why).toEqual(['4 is too low']);
    expect((await said(INVALID, 'resets: 5', 'resets')).passed).toBe(true);
  });

  it('that sets something must be a whole number that does it, and the least one', async () => {
    const { more, otherwise } = asked(TIMEOUT, 'seconds') as Setting;
    for (const value of ['0', '22.5', '1000001'])
      expect((await said(TIMEOUT, `seconds: ${value}`, 'seconds')).why[0]).toContain('is no whole number from 1 to');
    expect(await said(TIMEOUT, 'seconds: 22', 'seconds')).toMatchObject({
      sentence: otherwise,
      why: ['with 22: 1 such packet'],
    });
    expect((await said(TIMEOUT, 'seconds: 23', 'seconds')).passed).toBe(true);
    expect((await said(TIMEOUT, 'seconds: 24', 'seconds')).sentence).toBe(more);
    expect((await said(FLOOD, 'withPolicy: 1', 'withPolicy')).passed).toBe(false);
    expect((await said(FLOOD, 'withPolicy: 2', 'withPolicy')).passed).toBe(true);
  });

  it('has the sentence of the mistake that it is', async () => {
    expect((await said(FLOOD, 'refused: 242', 'refused')).sentence).toBe('The policy lets the load balancer in.');
    expect((await said(FLOOD, 'refused: 2', 'refused')).sentence).toBe('That is how many it lets in.');
    expect((await said(FLOOD, 'refused: 7', 'refused')).sentence).toBe(
      'The policy refuses another number of connections.',
    );
  });
});

describe('what is measured', () => {
  it('are the packets that replay prints', async () => {
    const folder = ['-c', 'pcaps/scan/cluster.yaml', '--where', 'reason == invalid-state', '--fields', 'packet'];
    const { out } = await policap(['replay', 'pcaps/scan/capture.pcap', ...folder, '-o', 'csv']);
    expect(await found(INVALID, 'invalid')).toEqual(out.trim().split('\n').slice(1).map(Number));
  });

  it('are the connections that the summary counts', async () => {
    const { setup } = asked(ENFORCED, 'refusedByCalico') as Finding;
    const { compiled } = compile([...ENFORCED.cluster, ...setup.policies], { profile: 'calico' });
    const summary = await summaryOf({ captures: setup.captures, mode: 'what-if' }, ENFORCED, compiled!);
    expect(summary.connections.dropped).toBeGreaterThan(5);
    expect(await found(ENFORCED, 'refusedByCalico')).toBe(summary.connections.dropped);
    expect(await found(ENFORCED, 'refusedByFlannel')).toBe(0);
  });

  it('are the comparisons that bench prints', async () => {
    const policies = ['-p', 'examples/microservices/policies'];
    const input = ['examples/microservices/capture.pcapng.gz', '-c', 'examples/microservices/cluster.yaml'];
    const stepsOf = async (...more: string[]): Promise<Record<string, number>> => {
      const { out } = await policap(['bench', ...input, ...policies, ...more, '--seconds', '1']);
      const rows = [...out.matchAll(/ ([\d.,]+) {2}(tree|linear)$/gm)];
      return Object.fromEntries(rows.map(([, steps, engine]) => [engine, Number(steps)]));
    };
    const few = await stepsOf();
    const many = await stepsOf('lessons/21-decision-tree/partners.yaml');
    expect([await found(TREE, 'fewLinear'), await found(TREE, 'fewTree')]).toEqual([few['linear'], few['tree']]);
    expect([await found(TREE, 'manyLinear'), await found(TREE, 'manyTree')]).toEqual([many['linear'], many['tree']]);
    // What the lesson says of it.
    expect(few['linear']!).toBeLessThan(few['tree']!);
    expect(many['linear']!).toBeGreaterThan(100);
    expect(many['tree']! - few['tree']!).toBeLessThan(2);
  });

  it('is the same of a capture in gzip and undone', async () => {
    const { setup } = questionsOf(FLOOD)[0]!;
    const [[path, bytes]] = [...FLOOD.captures] as [[string, Uint8Array]];
    const plain = { cluster: FLOOD.cluster, captures: new Map([[path, gunzipSync(bytes)]]) };
    expect(await packetsOf(null, setup, plain)).toEqual(await packetsOf(null, setup, FLOOD));
  });
});

describe('what the stories say in numbers', () => {
  it('is so: the timeout', async () => {
    expect(TIMEOUTS.find(({ name }) => name === 'tcp_established')!.seconds).toBe(5 * 86400);
    const { setup } = asked(TIMEOUT, 'lost');
    const kept = await packetsOf(null, { ...setup, timeouts: {} }, TIMEOUT);
    expect(kept.filter(({ said }) => said.startsWith('dropped'))).toEqual([]);
    const lost = (await packetsOf(null, setup, TIMEOUT)).filter(({ said }) => said.startsWith('dropped'));
    expect(lost.map(({ said }) => said)).toEqual(['dropped: default-deny']);
  });

  it('is so: 400 rules more', () => {
    expect(readFileSync('lessons/21-decision-tree/partners.yaml', 'utf8').match(/ipBlock/g)!.length).toBe(400);
  });

  it('is so: nobody waits for the answers to the flood', async () => {
    const { setup } = questionsOf(FLOOD)[0]!;
    const roomy = await packetsOf(null, setup, FLOOD);
    const scarce = await packetsOf(null, { ...setup, maxConnections: 1 }, FLOOD);
    expect(new Set(roomy.map(({ connection }) => connection).filter(it => it !== 0)).size).toBe(242);
    expect(scarce.filter(({ said }) => said === 'dropped: table-full').length).toBeGreaterThan(240);
  });
});

describe("a lesson's files", () => {
  const folder = 'lessons/20-timeouts';
  const files = (): Map<string, Uint8Array> => {
    const read = (path: string): Uint8Array => readFileSync(`${folder}/${path}`);
    const paths = ['lesson.md', 'check.yaml', 'start.yaml', 'solution.yaml', ...pathsNamed(read('check.yaml'))];
    return new Map(paths.map(path => [path, read(path)]));
  };
  const problemsWith = (path: string, change: (text: string) => string): string[] => {
    const its = files();
    its.set(path, new TextEncoder().encode(change(new TextDecoder().decode(its.get(path)))));
    const { lesson, problems } = readLesson('20-timeouts', its);
    expect(lesson).toBeNull();
    return problems.map(({ message }) => message);
  };

  it('are read from memory, and name what they need', () => {
    expect([...files().keys()].slice(4)).toEqual(['cluster.yaml', 'capture.pcap', 'policies.yaml']);
    const { lesson, problems } = readLesson('20-timeouts', files());
    expect(problems).toEqual([]);
    expect(lesson).toMatchObject({ name: '20-timeouts', learnerFile: 'answer.yaml', covers: ['timeouts'] });
  });

  it('are each needed', () => {
    for (const path of files().keys()) {
      const its = files();
      its.delete(path);
      expect(readLesson('20-timeouts', its).problems.map(({ message }) => message)).toContain('the file is missing');
    }
  });

  it('are told what is wrong with them', () => {
    expect(problemsWith('check.yaml', text => text.replace('[timeouts]', '[time]'))[0]).toContain('Unsupported value');
    expect(problemsWith('check.yaml', text => text.replace('kind: Lesson', 'kind: Course'))).toContain(
      'there is no document of kind Lesson',
    );
    expect(problemsWith('check.yaml', text => text.replace('set: tcp_established', 'set: tcp'))[0]).toContain('"tcp"');
    expect(
      problemsWith('check.yaml', text => text.replace('packets: verdict == dropped', 'packets: verdict is'))[0],
    ).toMatch(/^questions\[0\]\.packets: Invalid value/);
    expect(problemsWith('check.yaml', text => text.replace('  - key: lost', '  - name: lost')).join()).toContain(
      'name',
    );
    expect(problemsWith('lesson.md', text => text.replace('## Hints', '## Help'))[0]).toContain('sections must be');
    expect(problemsWith('lesson.md', text => text.replace('# ', '')).join()).toContain('title');
  });

  it('of cases say what is said of who fails them', () => {
    const read = (path: string): Uint8Array => readFileSync(`lessons/16-compromised-pod/${path}`);
    const check = new TextDecoder().decode(read('check.yaml')).replace(', otherwise: "A path of the shop is cut."', '');
    const paths = ['lesson.md', 'start.yaml', 'solution.yaml', 'cluster.yaml', 'capture.pcapng.gz'];
    const its = new Map(paths.map(path => [path, read(path)]));
    const { problems } = readLesson('x', its.set('check.yaml', new TextEncoder().encode(check)));
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('says nothing of who fails it')]);
  });
});

describe('lesson.md', () => {
  it('is a title, what you learn, and four sections; a heading in a code block is none', () => {
    const text =
      '# A\nb\n\n## Story\nc\n```\n## Task\n```\n\n## Task\nd\n\n## Hints\n1. e\n   f\n2. g\n\n## Solved\nh\n';
    expect(readStory(text, 'lesson.md').story).toEqual({
      title: 'A',
      about: 'b',
      story: 'c\n```\n## Task\n```',
      task: 'd',
      hints: ['e\nf', 'g'],
      solved: 'h',
    });
  });
});

describe('who is there', () => {
  it('are the pods and Services with what selectors see, by namespace', () => {
    expect(castLines(first)).toEqual([
      'namespace shop  kubernetes.io/metadata.name=shop',
      '  web-1    10.244.1.10  app=web    http TCP 80',
      '  api-1    10.244.2.10  app=api    http TCP 8080',
      '  batch-1  10.244.1.11  app=batch',
      'namespace tools  kubernetes.io/metadata.name=tools',
      '  probe-1  10.244.2.20  app=probe',
    ]);
    expect(castLines(loadLesson('07-pods-not-applications'))).toContain(
      '  service web            10.96.20.1  -> app=web                TCP 80 -> http',
    );
  });
});
