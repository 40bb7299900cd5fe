/**
 * Findings of `policap lint`: what a check says, where, and what to do about it (cold).
 */
import type { Path, Position } from '../documents/document.js';

export const SEVERITIES = ['error', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  /** The check's id: the name of its page in docs/lint. */
  readonly check: string;
  readonly severity: Severity;
  readonly position: Position;
  /** Whom it is about: `NetworkPolicy shop/web`, `namespace shop`. */
  readonly about: string;
  /** A sentence without its full stop. */
  readonly message: string;
  /** The next step. */
  readonly fix: string;
  /** The entry of a list that can go and changes nothing: what --fix removes. */
  readonly removable?: Removable;
}

export interface Removable {
  /** Where the document begins. */
  readonly document: Position;
  readonly path: Path;
}
