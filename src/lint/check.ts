/**
 * One check: the shape of every file in src/lint/checks (cold).
 */
import type { LintContext } from './context.js';
import type { Finding, Severity } from './finding.js';

/** What policies a check reads; `NetworkPolicy` by its fields, the others by what they became in the normal form. */
export const KINDS = ['NetworkPolicy', 'admin', 'antrea', 'calico', 'cilium', 'istio'] as const;
export type Kind = (typeof KINDS)[number];

export type Found = Omit<Finding, 'check' | 'severity'> & {
  /** Where it is not the check's own. */
  readonly severity?: Severity;
};

export interface Check {
  /** Stable: people write it into comments and pipelines. */
  readonly id: string;
  readonly severity: Severity;
  /** What it finds, in a line. */
  readonly title: string;
  /** It asks about pods: without any it is left out. */
  readonly needsCluster: boolean;
  readonly kinds: readonly Kind[];
  /** @param leaveOut told once where the work is too much, with the reason; then nothing is said of what is left */
  find(context: LintContext, leaveOut: (reason: string) => void): Iterable<Found>;
}
