/**
 * A replay in memory for tests: YAML text and frames in, one plain record a packet out.
 */
import type { FrameBatch, FrameSource } from '../../src/capture/frame.js';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { isEbpf } from '../../src/flow/kinds.js';
import { STRIDE } from '../../src/packet/row.js';
import { type ReplayOptions, type ReplayOutcome, replay } from '../../src/replay.js';
import { conntrackOf } from '../../src/replay-memory.js';
import type { ReplayContext, Report } from '../../src/report/report.js';
import type { Decision } from '../../src/verdict/decisions.js';
import { outcomeRecord } from '../../src/verdict/outcome.js';
import {
  MARK_DUPLICATE,
  MARK_FIRST,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  MARK_TRANSLATED,
  type OutcomeRecord,
  reasonOf,
  verdictOf,
} from '../../src/verdict/verdict.js';
import { newFastPath } from './fast-path.js';

export interface PacketRecord {
  packet: number;
  verdict: string;
  reason: string;
  connection: number;
  refusedAt: number;
  marks: string;
  /** With the owners of its ends. */
  decision: Decision | null;
  egress: OutcomeRecord | null;
  ingress: OutcomeRecord | null;
}

const MARKS: readonly [number, string][] = [
  [MARK_FIRST, 'first'],
  [MARK_ORIGINAL, 'original'],
  [MARK_MIDSTREAM, 'midstream'],
  [MARK_ONE_WAY, 'one-way'],
  [MARK_DUPLICATE, 'duplicate'],
  [MARK_TRANSLATED, 'translated'],
];

/** Compiles YAML texts; throws what is wrong with them. */
export function compileText(...texts: string[]): Compiled {
  const read = texts.map((text, i) => readDocuments(text, `document-${i + 1}.yaml`));
  const errors = read.flatMap(({ problems }) => problems).filter(({ severity }) => severity === 'error');
  const { compiled, problems } = compile(read.flatMap(({ documents }) => documents));
  if (compiled === null || errors.length > 0) throw new Error(JSON.stringify([...errors, ...problems], null, 2));
  return compiled;
}

/** A report that keeps every packet as a record. */
export function createRecorder(): Report & { readonly records: PacketRecord[] } {
  const records: PacketRecord[] = [];
  let context: ReplayContext;
  return {
    records,
    begin(c) {
      context = c;
    },
    batch(_frames, { rows }, verdicts, first) {
      const { ends } = context;
      for (let i = 0; i < verdicts.count; i++) {
        const code = verdicts.code[i]!;
        const decided = verdicts.decision[i]!;
        const { ruleset, inventory } = (decided < 0 ? context : context.of(decided)).compiled;
        if (decided >= 0) ends.find(decided, rows, i * STRIDE, (verdicts.marks[i]! & MARK_ORIGINAL) !== 0);
        const { source, destination } = ends;
        const decision = decided < 0 ? null : { ...context.decisions[decided]!, source, destination };
        records.push({
          packet: first + i,
          verdict: verdictOf(code),
          reason: reasonOf(code),
          connection: verdicts.connection[i]!,
          refusedAt: verdicts.packet[i]!,
          marks: MARKS.filter(([bit]) => (verdicts.marks[i]! & bit) !== 0)
            .map(([, name]) => name)
            .join(' '),
          decision,
          egress: decision && outcomeRecord('egress', decision.egress, decision.source, ruleset, inventory),
          ingress: decision && outcomeRecord('ingress', decision.ingress, decision.destination, ruleset, inventory),
        });
      }
    },
    end() {},
  };
}

export async function record(
  source: FrameSource,
  compiled: Compiled,
  options: Partial<ReplayOptions> = {},
): Promise<{ records: PacketRecord[]; outcome: ReplayOutcome }> {
  const recorder = createRecorder();
  // On the fast path: its equality with plain TypeScript is tested on its own (test/fast-path).
  const fastPath = isEbpf(conntrackOf(options, compiled)) ? null : newFastPath(options, compiled);
  const outcome = await replay(source, compiled, { captures: ['test'], fastPath, ...options }, [recorder]);
  return { records: recorder.records, outcome };
}

/** "allowed rule" a packet: what most tests compare. */
export const words = (records: readonly PacketRecord[]): string[] => records.map(r => `${r.verdict} ${r.reason}`);

/** The batches as one FrameSource. */
export function sourceOf(batches: readonly FrameBatch[], linkType = 1): FrameSource {
  let next = 0;
  return {
    interfaces: [{ linkType, fcsLength: 0, snapLength: 0, capture: 0 }],
    next: () => batches[next++] ?? null,
    errors: [],
    bytesRead: 0,
    stepsBack: 0,
    close() {},
  };
}

/** A report that keeps the replay's context: what the replay adds to it stands there in the end. */
export function createWatch(): Report & { context(): ReplayContext } {
  let begun!: ReplayContext;
  return {
    context: () => begun,
    begin(context) {
      begun = context;
    },
    batch() {},
    end() {},
  };
}
