/**
 * The engine's side of the page: what is open, and what is asked of it.
 *
 * In:  calls of protocol.ts.  Out: plain data. One workbench a worker; it keeps the documents as they were read, the compiler that
 * read them, and the capture as it was replayed, so that a changed policy is compiled alone and judged by its connections.
 */
import { type Compiled, type Compiler, createCompiler } from '../../src/compile.js';
import { judge, type Keeping, keep } from '../../src/kept/keep.js';
import type { Kept } from '../../src/kept/kept.js';
import { askedText, reasonText } from '../../src/report/request-text.js';
import type { RequestSummary, Summary } from '../../src/report/summary.js';
import { createDocumentReader } from './documents.js';
import { createEditing } from './editing.js';
import { MOST_PACKETS, replayOptions } from './judging.js';
import { createLessons } from './lessons.js';
import { problemOf } from './problems.js';
import { type Engine, EngineFault, type Progress, type RequestList, type Workspace } from './protocol.js';
import { Review } from './review.js';
import { save } from './saving.js';
import { saveView } from './saving-views.js';
import { openCaptures } from './sources.js';
import { createStepping } from './stepping.js';

/** Rows of lists that the page is given at once. */
const MOST_LISTED = 1000;

interface Bench {
  readonly workspace: Workspace;
  readonly compiled: Compiled;
  readonly review: Review;
  readonly keeping: Keeping;
}

export function createWorkbench(onProgress: (progress: Progress) => void): Engine {
  let bench: Bench | null = null;
  const stepping = createStepping(onProgress);
  let given: Workspace = { captures: [], documents: [], options: {} };
  const read = createDocumentReader();
  const opened = (): Bench => {
    if (bench === null) throw new EngineFault('Nothing is judged yet.');
    return bench;
  };

  return {
    ...createEditing(() => ({ workspace: given, keeping: bench?.keeping ?? null }), read),
    async open(workspace, isOpen = false) {
      const kept = isOpen ? (bench?.keeping.kept ?? null) : null;
      bench = null;
      given = workspace;
      const { captures, documents, options } = workspace;
      const compiler: Compiler = createCompiler({ profile: options.profile, staged: options.staged });
      const { documents: all, problems: unread } = read(documents, 'open');
      const { compiled: made, problems } = compiler.compile(all);
      const told = [...unread, ...problems].map(problemOf);
      const isWrong = told.some(({ severity }) => severity === 'error');
      stepping.opened(workspace, isWrong ? null : made);
      if (made === null || isWrong || captures.length === 0)
        return { problems: told, summary: null, requests: [], hasPackets: false };
      const compiled = { ...made, problems: [...unread, ...problems] };
      const keeping = await keepingOf(workspace, compiled, kept, (packets, bytesRead, bytesTotal) =>
        onProgress({ packets, bytesRead, bytesTotal: bytesTotal ?? null }),
      );
      const review = new Review(keeping);
      bench = { workspace, compiled, review, keeping };
      const { summary, hasPackets } = review;
      return { problems: told, summary: shortened(summary), requests: requestsOf(summary), hasPackets };
    },
    select: selection => opened().review.select(selection),
    rows: (table, from, count, fields) => opened().review.rows(table, from, count, fields),
    detail: (table, row) => opened().review.detail(table, row),
    timeline: () => opened().review.timeline(),
    map: () => opened().review.map(),
    save(format, records, where) {
      const { workspace, compiled } = opened();
      return save(format, records, where, workspace.captures, compiled, replayOptions(workspace));
    },
    saveView(view) {
      const { workspace, review } = opened();
      return saveView(view, review, workspace.captures);
    },
    step: stepping.step,
    ...createLessons(),
  };
}

type OnProgress = (packets: number, bytesRead: number, bytesTotal: number | undefined) => void;

/** @param kept what is kept of the same captures, with the same options */
async function keepingOf(
  workspace: Workspace,
  compiled: Compiled,
  kept: Kept | null,
  onProgress: OnProgress,
): Promise<Keeping> {
  const open = () => openCaptures(workspace.captures);
  if (kept !== null) return { kept, judgement: await judge(kept, open, compiled, { onProgress }) };
  return keep(open, compiled, { ...replayOptions(workspace), mostPackets: MOST_PACKETS, onProgress });
}

const REQUESTS = ['requests', 'from', 'to', 'service', 'request', 'why'];

function requestsOf({ requests, mesh }: Summary): RequestList[] {
  const listOf = (title: string, of: RequestSummary | undefined): RequestList[] =>
    of === undefined
      ? []
      : [
          {
            title,
            head: REQUESTS,
            rows: of.refused
              .slice(0, MOST_LISTED)
              .map(it => [
                String(it.requests),
                it.source,
                it.destination,
                `${it.protocol} ${it.port}`,
                askedText(it),
                reasonText(it),
              ]),
            others: of.others,
          },
        ];
  return [
    ...listOf('Refused and undecided requests', requests),
    ...listOf('Requests and connections, by the service mesh', mesh),
  ];
}

/** What the page lists; conversations are described when they are asked for, which is now. */
function shortened(summary: Summary): Summary {
  const { denied, undecided, policies, unknownAddresses } = summary;
  const first = <T>(all: readonly T[]): T[] => all.slice(0, MOST_LISTED);
  return JSON.parse(
    JSON.stringify({
      ...summary,
      denied: first(denied),
      undecided: first(undecided),
      policies: first(policies),
      unknownAddresses: first(unknownAddresses),
    }),
  );
}
