/**
 * Decisions: what the classifier said about a connection, interned, so that a connection holds one int32.
 *
 * In:  outcomes of a direction (tree/classifier.ts) and the owners of both ends.  Out: a small whole number.
 * Called once a connection, never once a packet.
 */
export interface Decision {
  /** Outcomes as in tree/classifier.ts. */
  readonly egress: number;
  readonly ingress: number;
  readonly forward: number;
  /** Owner indices of the initiator and the responder (after service translation), -1 where unknown. */
  readonly source: number;
  readonly destination: number;
  /** The verdict code of a packet that is judged by it (ALLOWED_RULE, DROPPED_DEFAULT_DENY ...). */
  readonly code: number;
  /** Owner index of the service the initiator addressed, -1 where none. */
  readonly service: number;
  /** Ready backends that disagree, where the capture does not tell which was chosen. */
  readonly backends: { readonly allowed: readonly string[]; readonly dropped: readonly string[] } | null;
}
