/**
 * The engine's side of the page: what is open, and what is asked of it.
 *
 * In:  calls of protocol.ts.  Out: plain data. One workbench a worker; it keeps the documents as they were read and the compiler
 * that read them, so that a changed policy is compiled alone.
 */
import { type Compiler, createCompiler } from '../../src/compile.js';
import type { KubernetesDocument, Problem } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';
import { replay } from '../../src/replay.js';
import { createSummary, type Summary } from '../../src/report/summary.js';
import type { DocumentInput, DocumentProblem, Engine, Judged, Progress, Workspace } from './protocol.js';
import { openCaptures } from './sources.js';

export function createWorkbench(onProgress: (progress: Progress) => void): Engine {
  let compiler: Compiler = createCompiler();
  let read: ReturnType<typeof createDocumentReader> = createDocumentReader();

  return {
    async open({ captures, documents, options }: Workspace): Promise<Judged> {
      compiler = createCompiler({ profile: options.profile, staged: options.staged });
      read = createDocumentReader();
      const { documents: all, problems: unread } = read(documents);
      const { compiled, problems } = compiler.compile(all);
      const told = [...unread, ...problems].map(problemOf);
      const isWrong = told.some(({ severity }) => severity === 'error');
      if (compiled === null || isWrong || captures.length === 0) return { problems: told, summary: null };
      const source = await openCaptures(captures);
      try {
        const summary = createSummary();
        let result: Judged['summary'] = null;
        const keep = (it: Summary): void => {
          result = it;
        };
        const names = captures.map(({ name }) => name);
        const { mode, conntrack } = options;
        await replay(
          source,
          { ...compiled, problems: [...unread, ...problems] },
          {
            mode,
            conntrack,
            captures: names,
            onProgress: (packets, bytesRead, bytesTotal) =>
              onProgress({ packets, bytesRead, bytesTotal: bytesTotal ?? null }),
          },
          [{ ...summary, end: ended => keep(summary.end(ended)) }],
        );
        // Conversations are described when they are asked for.
        return { problems: told, summary: JSON.parse(JSON.stringify(result)) };
      } finally {
        source.close();
      }
    },
  };
}

/** Documents that are given again unchanged are the same objects, which the compiler knows. */
function createDocumentReader() {
  let before = new Map<string, { text: string; documents: KubernetesDocument[]; problems: Problem[] }>();
  return (inputs: readonly DocumentInput[]) => {
    const now: typeof before = new Map();
    for (const { name, text } of inputs) {
      const known = before.get(name);
      if (known?.text === text) now.set(name, known);
      else {
        const { documents, problems } = readDocuments(text, name);
        now.set(name, { text, documents: [...documents], problems: [...problems] });
      }
    }
    before = now;
    const all = [...now.values()];
    return { documents: all.flatMap(it => it.documents), problems: all.flatMap(it => it.problems) };
  };
}

const problemOf = ({ severity, position, message, hint }: Problem): DocumentProblem => ({
  severity,
  ...position,
  message,
  hint: hint ?? null,
});
