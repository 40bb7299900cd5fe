/**
 * Documents as they were and as they stand in the editor -> what is wrong with them, and which connections change.
 *
 * In:  what is open, and the files that differ from it before and after.  Out: an Edited (protocol.ts).
 * What was compiled or judged is kept as long as its documents are the same; a newer call overtakes an older one.
 */
import type { Inventory } from '../../src/cluster/inventory.js';
import { type Compiled, type CompileResult, type Compiler, createCompiler } from '../../src/compile.js';
import { complete } from '../../src/completion/complete.js';
import type { Diff } from '../../src/diff/connections.js';
import { diffMarkdown } from '../../src/diff/markdown.js';
import type { Problem } from '../../src/documents/document.js';
import type { Keeping } from '../../src/kept/keep.js';
import { shownDiff } from './changes.js';
import type { DocumentReader } from './documents.js';
import { createDiffOf, type DiffOf } from './judging.js';
import { problemOf } from './problems.js';
import { type DocumentInput, type Edit, type Edited, type Engine, EngineFault, type Workspace } from './protocol.js';

export type Editing = Pick<Engine, 'edit' | 'saveDiff' | 'overtake' | 'complete'>;

interface Side {
  readonly documents: readonly unknown[];
  readonly compiled: Compiled | null;
  readonly problems: readonly Problem[];
  readonly withoutPolicies: readonly string[];
}

export interface Opened {
  /** Another object after each open(). */
  readonly workspace: Workspace;
  /** null where nothing could be judged. */
  readonly keeping: Keeping | null;
}

/** @param opened what is open now */
export function createEditing(opened: () => Opened, read: DocumentReader): Editing {
  let workspace: Workspace | null = null;
  let sides: readonly [before: CompileSide, after: CompileSide] | null = null;
  let inventory: Inventory | null = null;
  let diffOf: DiffOf = async () => null;
  let running: AbortController | null = null;
  let last: Diff | null = null;

  function begin(): readonly [CompileSide, CompileSide] {
    const now = opened();
    if (workspace !== now.workspace || sides === null) {
      ({ workspace } = now);
      last = null;
      inventory = null;
      diffOf = createDiffOf(workspace, now.keeping);
      sides = [createSide(workspace, read, 'before'), createSide(workspace, read, 'after')];
    }
    return sides;
  }

  return {
    async edit(before, after): Promise<Edited> {
      const started = performance.now();
      const [compileBefore, compileAfter] = begin();
      const was = compileBefore(before);
      const is = compileAfter(after);
      inventory = is.compiled?.inventory ?? was.compiled?.inventory ?? inventory;
      const problems = is.problems.map(problemOf);
      const { captures } = opened().workspace;
      const why = reasonAgainst(was, is, captures.length);
      const nothing = { problems, readOnly: is.withoutPolicies, diff: null, milliseconds: 0, isOvertaken: false };
      if (why !== null || was.compiled === null || is.compiled === null) return { ...nothing, why };
      running = new AbortController();
      const { signal } = running;
      const diff = await diffOf(was.compiled, is.compiled, signal);
      if (diff === null || signal.aborted) return { ...nothing, why: null, isOvertaken: true };
      last = diff;
      const milliseconds = performance.now() - started;
      return { ...nothing, why: null, diff: shownDiff(diff), milliseconds };
    },
    saveDiff() {
      if (last === null) throw new EngineFault('Nothing was held against each other yet.');
      return { name: 'changes.md', blob: new Blob([`${diffMarkdown(last).join('\n')}\n`], { type: 'text/markdown' }) };
    },
    overtake() {
      running?.abort();
    },
    complete(text, offset) {
      return complete(text, offset, inventory);
    },
  };
}

/** Why there is nothing to hold against each other; null where there is. */
function reasonAgainst(before: Side, after: Side, captures: number): string | null {
  const errors = after.problems.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) {
    return `${errors === 1 ? 'A document has an error' : `The documents have ${errors} errors`}: as it stands, nothing can be judged.`;
  }
  if (before.compiled === null)
    return 'What was opened has errors: take what stands in the editor as "before", once it has none.';
  return captures === 0 ? 'No capture is open: documents are checked, and nothing is judged.' : null;
}

type CompileSide = (edits: readonly Edit[]) => Side;

/** Each side has a compiler of its own: what the other one compiled stays as it is. */
function createSide({ documents, options }: Workspace, read: DocumentReader, set: string): CompileSide {
  const compiler: Compiler = createCompiler({ profile: options.profile, staged: options.staged });
  let last: Side | null = null;
  return edits => {
    const given = read(edited(documents, edits), set);
    const same = last;
    if (same !== null && isSame(same.documents, given.documents) && given.problems.length === 0) return same;
    const { compiled, problems }: CompileResult = compiler.compile(given.documents);
    const all = [...given.problems, ...problems];
    const isWrong = all.some(({ severity }) => severity === 'error');
    last = {
      documents: given.documents,
      compiled: compiled === null || isWrong ? null : { ...compiled, problems: all },
      problems: all,
      withoutPolicies: given.withoutPolicies,
    };
    return last;
  };
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((it, i) => it === b[i]);

/** Files that are open, with some replaced, added at the end, or taken away. */
export function edited(documents: readonly DocumentInput[], edits: readonly Edit[]): DocumentInput[] {
  const changed = new Map(edits.map(it => [it.name, it.text]));
  const kept = documents.map(it => {
    const text = changed.get(it.name);
    changed.delete(it.name);
    return text === undefined ? it : { name: it.name, text };
  });
  const added = [...changed].map(([name, text]) => ({ name, text }));
  return [...kept, ...added].filter((it): it is DocumentInput => it.text !== null);
}
