/**
 * Mutated documents through reading and compiling: every shipped policy, cluster and rule list, as YAML and as JSON.
 *
 * No mutant may throw or go on without end; every problem, and every place in what was read, stands inside the file;
 * what was read without an error compiles, and can be printed. POLICAP_MUTANTS sets how many, POLICAP_SEED where their seeds
 * begin (npm run fuzz runs millions); the seed of a failure is in its message.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { compile } from '../../src/compile.js';
import type { KubernetesDocument, Position } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';
import { printRules } from '../../src/rules/print.js';
import { mutate } from './mutate.js';

const MUTANTS = Number(process.env['POLICAP_MUTANTS'] ?? 12_000);
const FIRST_SEED = Number(process.env['POLICAP_SEED'] ?? 1);

/** A longer document is cut to about this many characters, at the start of an object: many mutants in the same time. */
const LONGEST = 2000;

/** One mutant of so many is compiled to a tree too; a prime, so that every sample has its turn. */
const TREES = 13;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Sample {
  /** As a failure names it. */
  readonly name: string;
  readonly kind: 'documents' | 'rules';
  readonly bytes: Uint8Array;
  /** What is compiled with it: its case's other half. */
  readonly beside: readonly KubernetesDocument[];
}

const RULES: Readonly<Record<string, string>> = {
  RuleList: `kind: RuleList
default: deny
rules:
  - { name: web, action: allow, source: 10.0.1.0/24, destination: 10.0.2.0/24, protocol: TCP, destinationPorts: [80, "8000-8100"] }
  - { name: ping6, action: allow, protocol: ICMPv6, icmpType: 128, icmpCode: 0 }
  - action: deny
    source: [10.9.0.0/16, fd09::/16]
  - { action: allow, protocol: 17, sourcePorts: 53 }
`,
  ClassBench: `# a filter set
@192.0.2.0/24	198.51.100.7/32	0 : 65535	80 : 80	0x06/0xFF	0x0000/0x0200
@0.0.0.0/0	10.1.0.0/16	1024 : 65535	53 : 53	0x11/0xFF
@10.0.0.0/8	0.0.0.0/0	0 : 65535	0 : 65535	0x00/0x00	0x1000/0x1000
`,
};

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap(name => filesBelow(join(path, name)));
}

/** A text of whole objects, not longer than it must be. */
function shortened(text: string): string {
  if (text.length <= LONGEST) return text;
  const next = /\n(?=---|- | {2}- apiVersion)/g;
  next.lastIndex = LONGEST;
  const found = next.exec(text);
  return found === null ? text : text.slice(0, found.index + 1);
}

function casesSamples(): Sample[] {
  const folders = ['pcaps', 'examples'].flatMap(collection =>
    readdirSync(join(ROOT, collection))
      .map(name => join(ROOT, collection, name))
      .filter(path => statSync(path).isDirectory()),
  );
  return folders.flatMap(folder => {
    const read = (path: string) => ({
      name: relative(ROOT, path),
      text: shortened(readFileSync(path, 'utf8')),
    });
    const policies = filesBelow(join(folder, 'policies')).map(read);
    const cluster = read(join(folder, 'cluster.yaml'));
    const documentsOf = ({ name, text }: typeof cluster) => readDocuments(text, name).documents;
    const json = ({ name, text }: typeof cluster): typeof cluster => ({
      name: `${name} as JSON`,
      text: JSON.stringify(
        { apiVersion: 'v1', kind: 'List', items: parseAllDocuments(text).map(document => document.toJS()) },
        null,
        2,
      ),
    });
    const clusterDocuments = documentsOf(cluster);
    const policyDocuments = policies.flatMap(documentsOf);
    return [
      ...[...policies, json(policies[0]!)].map(it => ({ ...it, beside: clusterDocuments })),
      ...[cluster, json(cluster)].map(it => ({ ...it, beside: policyDocuments })),
    ].map(({ name, text, beside }): Sample => ({ name, kind: 'documents', bytes: encode(text), beside }));
  });
}

/** Each text once: cases share clusters. */
function distinct(samples: readonly Sample[]): Sample[] {
  const decoder = new TextDecoder();
  return [...new Map(samples.map(sample => [decoder.decode(sample.bytes), sample])).values()];
}

const samples = distinct([
  ...casesSamples(),
  ...Object.entries(RULES).map(([name, text]): Sample => ({ name, kind: 'rules', bytes: encode(text), beside: [] })),
]);

/** Where lines end in a file: what a position may be. */
function placesOf(text: string): (position: Position) => boolean {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  return ({ line, column }) =>
    Number.isInteger(line) &&
    Number.isInteger(column) &&
    line >= 1 &&
    line <= lines.length &&
    column >= 1 &&
    column <= lines[line - 1]!.length + 1;
}

interface Outcome {
  readonly read: number;
  readonly compiled: boolean;
}

function compileMutant({ kind, beside }: Sample, bytes: Uint8Array, engine: 'tree' | 'linear'): Outcome {
  // As the command line reads rule files.
  const text = new TextDecoder().decode(bytes);
  const inside = placesOf(text);
  const { documents, problems } =
    kind === 'documents' ? readDocuments(bytes, 'mutant') : { documents: [], problems: [] };
  const result = compile([...beside, ...documents], {
    engine,
    ruleFiles: kind === 'rules' ? [{ file: 'mutant', text }] : [],
  });
  for (const { position, message } of [...problems, ...result.problems]) {
    if (message === '') throw new Error(`a problem without words at ${JSON.stringify(position)}`);
    if (position.file === 'mutant' && !inside(position)) throw new Error(`${JSON.stringify(position)}: ${message}`);
  }
  for (const document of documents) {
    for (const path of [[], ['spec'], ['spec', 'ingress', 0, 'from', 1], ['metadata', 'name'], ['nothing', 7]]) {
      const position = document.at(path);
      if (!inside(position)) throw new Error(`${path.join('.')} stands at ${JSON.stringify(position)}`);
    }
  }
  const isBad = result.problems.some(({ severity }) => severity === 'error');
  expect(result.compiled === null).toBe(isBad);
  if (result.compiled !== null) printRules(result.compiled.ruleset);
  return { read: documents.length, compiled: result.compiled !== null };
}

describe('mutants of every shipped document', () => {
  it('the documents themselves compile', () => {
    expect(samples.length).toBeGreaterThan(60);
    for (const sample of samples) {
      const { read, compiled } = compileMutant(sample, sample.bytes, 'tree');
      expect(compiled, sample.name).toBe(true);
      expect(read > 0 || sample.kind === 'rules', sample.name).toBe(true);
    }
  });

  it(`${MUTANTS} mutants, seeds from ${FIRST_SEED} on`, { timeout: 3_600_000 }, () => {
    let refused = 0;
    let compiled = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + MUTANTS; seed++) {
      const sample = samples[seed % samples.length]!;
      try {
        // The tree's tables take longer than all the rest, and see only what has been read well.
        const engine = seed % TREES === 0 ? 'tree' : 'linear';
        const outcome = compileMutant(sample, mutate(sample.bytes, seed).bytes, engine);
        if (outcome.compiled) compiled++;
        else refused++;
      } catch (error) {
        throw new Error(`POLICAP_SEED=${seed} POLICAP_MUTANTS=1: a mutant of ${sample.name}`, { cause: error });
      }
    }
    expect(refused + compiled).toBe(MUTANTS);
    // Mutants that all fail at once, or that all are harmless, would show nothing.
    if (MUTANTS >= 1000) expect(Math.min(refused, compiled)).toBeGreaterThan(MUTANTS / 50);
  });
});
