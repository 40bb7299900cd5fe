/**
 * Packets by verdict and nothing else: what `--fail-on` asks.
 */
import { CODES, type Verdict, verdictOf } from '../verdict/verdict.js';
import type { Report } from './report.js';

export interface VerdictCount extends Report {
  of(verdict: Verdict): number;
}

export function createVerdictCount(): VerdictCount {
  const byCode = new Float64Array(CODES);
  return {
    begin() {},
    batch(_frames, _packets, { code, count }) {
      for (let i = 0; i < count; i++) byCode[code[i]!]!++;
    },
    end() {},
    of: verdict => byCode.reduce((sum, value, code) => (verdictOf(code) === verdict ? sum + value : sum), 0),
  };
}
