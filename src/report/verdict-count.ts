/**
 * Packets by verdict, and requests, and nothing else: what `--fail-on` asks. A refused request counts as what is dropped.
 */
import { CODES, PENDING, type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import type { Report } from './report.js';
import type { RequestTally } from './requests.js';

export interface VerdictCount extends Report {
  of(verdict: Verdict): number;
  /** What the service mesh refuses. */
  ofMesh(): number;
  /** Packets by verdict and reason: every one there is, also those that no packet had. */
  all(): { readonly verdict: Verdict; readonly reason: Reason; readonly count: number }[];
}

export function createVerdictCount(): VerdictCount {
  const byCode = new Float64Array(CODES);
  let requests: RequestTally | null = null;
  let mesh: RequestTally | null = null;
  return {
    begin(context) {
      ({ requests, mesh } = context);
    },
    batch(_frames, _packets, { code, count }) {
      for (let i = 0; i < count; i++) byCode[code[i]!]!++;
    },
    end() {},
    of(verdict) {
      const packets = byCode.reduce((sum, value, code) => (verdictOf(code) === verdict ? sum + value : sum), 0);
      return packets + (requests?.counts[verdict === 'dropped' ? 'denied' : verdict] ?? 0);
    },
    all: () =>
      Array.from(byCode, (count, code) => ({ verdict: verdictOf(code), reason: reasonOf(code), count })).slice(
        PENDING + 1,
      ),
    ofMesh: () => mesh?.counts.denied ?? 0,
  };
}
