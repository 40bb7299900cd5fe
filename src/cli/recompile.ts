/**
 * Inputs compiled again and again: -p, -c and --rules for who keeps running while files change.
 *
 * In:  InputOptions.  Out: what documents.ts gives; a file with the same bytes gives the same documents, so that only what has
 * changed is compiled anew, and nothing at all where nothing has. Warnings are shown once.
 */
import { type Compiled, type Compiler, createCompiler } from '../compile.js';
import { formatPosition, type KubernetesDocument, type Problem } from '../documents/document.js';
import { type ReadResult, readDocuments } from '../documents/read.js';
import type { Style } from '../report/style.js';
import { type InputOptions, readFiles, showWarnings } from './documents.js';
import { DocumentError, UsageError } from './errors.js';
import type { Terminal } from './terminal.js';

export interface InputCompiler {
  /** @param over what becomes of the documents that were read @throws UsageError, DocumentError */
  compile(
    input: InputOptions,
    over?: (documents: readonly KubernetesDocument[]) => readonly KubernetesDocument[],
  ): Compiled;
}

interface Known {
  readonly compiler: Compiler;
  readonly rules: string;
  documents: readonly KubernetesDocument[];
  compiled: Compiled | null;
}

export function createInputCompiler(terminal: Terminal, style: Style): InputCompiler {
  const files = new Map<string, { readonly bytes: Uint8Array; readonly read: ReadResult }>();
  const known = new Map<string, Known>();
  const shown = new Set<string>();

  function read(name: string, bytes: Uint8Array): ReadResult {
    const before = files.get(name);
    if (before !== undefined && Buffer.compare(before.bytes, bytes) === 0) return before.read;
    const now = readDocuments(bytes, name);
    files.set(name, { bytes, read: now });
    return now;
  }

  function warn(problems: readonly Problem[]): void {
    const fresh = problems.filter(({ position, message }) => !shown.has(`${formatPosition(position)} ${message}`));
    for (const { position, message } of fresh) shown.add(`${formatPosition(position)} ${message}`);
    showWarnings(fresh, terminal, style);
  }

  return {
    compile(input, over = documents => documents) {
      const nothing = (): never => {
        throw new UsageError('standard input can be read only once', 'give the documents as files');
      };
      const all = readFiles([...(input.policies ?? []), ...(input.cluster ?? [])], nothing);
      const reads = all.map(({ name, bytes }) => read(name, bytes));
      const documents = over(reads.flatMap(it => it.documents));
      const unread = reads.flatMap(it => it.problems);
      const decoder = new TextDecoder();
      const ruleFiles = readFiles(input.rules ?? [], nothing).map(({ name, bytes }) => ({
        file: name,
        text: decoder.decode(bytes),
      }));
      const { policies, cluster, profile, staged } = input;
      const key = JSON.stringify([policies, cluster, input.rules, profile, staged]);
      const rules = JSON.stringify(ruleFiles);
      let it = known.get(key);
      if (it === undefined || it.rules !== rules) {
        it = { compiler: createCompiler({ profile, staged, ruleFiles }), rules, documents: [], compiled: null };
        known.set(key, it);
      }
      if (it.compiled !== null && isSame(it.documents, documents) && unread.length === 0) return it.compiled;
      const { compiled, problems } = it.compiler.compile(documents);
      const wrong = [...unread, ...problems];
      if (compiled === null || wrong.some(({ severity }) => severity === 'error')) throw new DocumentError(wrong);
      warn(wrong);
      it.documents = documents;
      it.compiled = compiled;
      return compiled;
    },
  };
}

const isSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i]);
