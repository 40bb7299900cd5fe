/**
 * Who the ends of a judged packet's connection are (cold).
 *
 * In:  a packet's row, its decision, and whether it goes from the initiator to the responder.  Out: owner indices of both,
 * -1 for nobody. Most decisions leave their ends to the packet's addresses (decisions.ts, AS_ADDRESSED).
 */
import { DST, SRC } from '../packet/row.js';
import type { OwnerLookup } from '../tree/classifier.js';
import { AS_ADDRESSED, type Decision } from './decisions.js';

export class EndOwners {
  /** Of the packet asked for last. */
  source = -1;
  destination = -1;

  /** @param madeBy who knows the owners that a decision is about, where policies and clusters change; else `owners` does */
  constructor(
    private readonly decisions: readonly Decision[],
    private readonly owners: OwnerLookup,
    private readonly madeBy: ((decision: number) => OwnerLookup) | null = null,
  ) {}

  /** Sets `source` and `destination`. @param original from the initiator (MARK_ORIGINAL) */
  find(decision: number, rows: Int32Array, base: number, original: boolean): void {
    const { source, destination } = this.decisions[decision]!;
    const owners = this.madeBy === null ? this.owners : this.madeBy(decision);
    this.source = source === AS_ADDRESSED ? owners.ownerOf(rows, base, original ? SRC : DST) : source;
    this.destination = destination === AS_ADDRESSED ? owners.ownerOf(rows, base, original ? DST : SRC) : destination;
  }
}
