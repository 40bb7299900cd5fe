/** Words that a cases file uses, as verdict/verdict.ts has them. */
import type { Reason, Verdict } from '../verdict/verdict.js';

export const VERDICTS: readonly Verdict[] = ['allowed', 'dropped', 'undecided'];
/** What people write who mean one of them. */
export const MEANT_VERDICTS: Readonly<Record<string, Verdict>> = {
  allow: 'allowed',
  pass: 'allowed',
  deny: 'dropped',
  denied: 'dropped',
  drop: 'dropped',
  refused: 'dropped',
  blocked: 'dropped',
};
/** What a question without a capture can get. */
export const REASONS_EXPECTED: readonly Reason[] = [
  'no-policy',
  'rule',
  'loopback',
  'node',
  'not-enforced',
  'default-deny',
  'http-denied',
  'ambiguous-policy',
  'unsupported',
];
