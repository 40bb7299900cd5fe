/**
 * Tracing: the two replays that a trace is made of, put together batch by batch.
 *
 * In:  what both say of each batch, whoever comes first.  Out: packets and trace.
 */
import type { Compiled } from '../compile.js';
import type { ReplayOptions } from '../replay.js';
import type { Report } from '../report/report.js';
import type { Decision, Decisions } from '../verdict/decisions.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import { Asked } from './asked.js';
import type { Packets } from './packets.js';
import { Questions } from './questions.js';
import { NO, Trace, YES } from './trace.js';

export interface Tracing {
  /** For replayTogether(): what is replayed, who is asked, who is told. */
  readonly compiled: readonly Compiled[];
  readonly ends: readonly ReplayOptions['ends'][];
  readonly reports: readonly Report[];
  /** When the replays have ended. @param count packets that are left */
  traced(count: number): { readonly trace: Trace; readonly asked: Asked };
}

/** @param most no more packets are kept, and beyond() is called */
export function createTracing(compiled: Compiled, packets: Packets, most: number, beyond: () => void): Tracing {
  const questions = new Questions(packets.headers, compiled.classifier);
  const trace = new Trace();
  /** Those of the second replay are the same: the trace checks it. */
  let decided: readonly Decision[] = [];
  const waiting: (VerdictBatch | null)[] = [null, null];

  const endsOf = (side: number, code: number) => (decisions: Decisions) => {
    if (side === 0) decided = decisions.list;
    return questions.asking(decisions, code);
  };

  const reportOf = (side: number): Report => ({
    begin() {},
    batch(frames, rows, verdicts) {
      waiting[side] = copyOf(verdicts);
      const [yes, no] = waiting;
      if (yes === null || no === null) return;
      waiting.fill(null);
      if (packets.count + yes!.count > most) {
        beyond();
        return;
      }
      packets.add(frames, rows);
      trace.add(yes!, no!, frames.seconds, frames.nanoseconds);
    },
    end() {},
  });

  const blank = withoutPolicies(compiled);
  return {
    compiled: [blank, blank],
    ends: [endsOf(0, YES), endsOf(1, NO)],
    reports: [reportOf(0), reportOf(1)],
    traced(count) {
      trace.trim(count);
      return { trace, asked: new Asked(questions, decided) };
    },
  };
}

const copyOf = ({ count, code, decision, connection, packet, marks }: VerdictBatch): VerdictBatch => ({
  count,
  code: code.slice(0, count),
  decision: decision.slice(0, count),
  connection: connection.slice(0, count),
  packet: packet.slice(0, count),
  marks: marks.slice(0, count),
});

/** The same cluster, where nothing is listened to. */
function withoutPolicies(compiled: Compiled): Compiled {
  const ruleset = { ...compiled.ruleset, rules: [], egress: [], ingress: [], forward: [] };
  const classifier = { ...compiled.classifier, ruleset };
  return { ...compiled, ruleset, classifier, objects: { ...compiled.objects, istio: [] } };
}
