/**
 * Packets by verdict, and requests, and nothing else: what `--fail-on` asks. A refused request counts as what is dropped.
 */
import { CODES, PENDING, type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import type { ReplayContext, Report } from './report.js';
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
  /** Of the policies that were in force, one after the other. */
  const requests: RequestTally[] = [];
  const mesh: RequestTally[] = [];
  let context: ReplayContext;
  let last: ReplayContext | null = null;
  const look = (): void => {
    const now = context.current();
    if (now === last) return;
    last = now;
    if (now.requests !== null) requests.push(now.requests);
    if (now.mesh !== null) mesh.push(now.mesh);
  };
  return {
    begin(begun) {
      context = begun;
      look();
    },
    batch(_frames, _packets, { code, count }) {
      look();
      for (let i = 0; i < count; i++) byCode[code[i]!]!++;
    },
    end() {},
    of(verdict) {
      const packets = byCode.reduce((sum, value, code) => (verdictOf(code) === verdict ? sum + value : sum), 0);
      const which = verdict === 'dropped' ? 'denied' : verdict;
      return requests.reduce((sum, { counts }) => sum + counts[which], packets);
    },
    all: () =>
      Array.from(byCode, (count, code) => ({ verdict: verdictOf(code), reason: reasonOf(code), count })).slice(
        PENDING + 1,
      ),
    ofMesh: () => mesh.reduce((sum, { counts }) => sum + counts.denied, 0),
  };
}
