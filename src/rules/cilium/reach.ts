/**
 * Reach: whom a rule's peers are, before it is known to whom (cold).
 *
 * In:  what selectors, entities and blocks name.  Out: a Reach of what they surely match, and one of what they may. Nodes are
 * kept apart by what they are to a subject: its `own` node is another identity than a `remote` one (CI10, CI11).
 */
import type { Pod } from '../../cluster/inventory.js';
import { NOWHERE, union } from '../addresses.js';
import type { PodSets } from '../pod-sets.js';
import type { AddressSet } from '../ruleset.js';

export interface Reach {
  /** Pods, and addresses of the world. */
  readonly fixed: AddressSet;
  /** Addresses of nodes that match where the node is the subject's own. */
  readonly own: AddressSet;
  /** Those that match where it is another one: the same object where that makes no difference. */
  readonly remote: AddressSet;
  pods(): readonly Pod[];
}

export interface Reached {
  readonly sure: Reach;
  readonly unsure: Reach;
  /** What the node-local DNS address is: matched as a node and as the world, as one of them, or not at all (CI12). */
  readonly nodeLocal: 'yes' | 'maybe' | 'no';
}

interface Parts {
  readonly pods: (readonly Pod[])[];
  readonly fixed: AddressSet[];
  readonly own: AddressSet[];
  readonly remote: AddressSet[];
}

/** Collects, then says what it all comes to. */
export class ReachBuilder {
  private readonly sure: Parts = { pods: [], fixed: [], own: [], remote: [] };
  private readonly unsure: Parts = { pods: [], fixed: [], own: [], remote: [] };
  private isHost = false;
  private isWorld = false;
  private mayBeLocal = false;

  constructor(private readonly sets: PodSets) {}

  private parts(isSure: boolean): Parts {
    return isSure ? this.sure : this.unsure;
  }

  pods(pods: readonly Pod[], isSure = true): void {
    if (pods.length > 0) this.parts(isSure).pods.push(pods);
  }

  /** @param hasNodeLocal whether the address would match if it were the world's */
  world(addresses: AddressSet, hasNodeLocal: boolean, isSure = true): void {
    this.parts(isSure).fixed.push(addresses);
    if (!hasNodeLocal) return;
    this.mayBeLocal = true;
    this.isWorld ||= isSure;
  }

  /** Addresses that are the world's or unknown, and no node's. */
  others(addresses: AddressSet, isSure = true): void {
    this.parts(isSure).fixed.push(addresses);
  }

  /** @param own where they are the subject's own node, @param remote where not */
  nodes(own: AddressSet, remote: AddressSet, hasNodeLocal: boolean, isSure = true): void {
    this.parts(isSure).own.push(own);
    this.parts(isSure).remote.push(remote);
    if (!hasNodeLocal) return;
    this.mayBeLocal = true;
    this.isHost ||= isSure;
  }

  finish(): Reached {
    const nodeLocal = this.isHost && this.isWorld ? 'yes' : this.mayBeLocal ? 'maybe' : 'no';
    return { sure: this.reachOf(this.sure), unsure: this.reachOf(this.unsure), nodeLocal };
  }

  private reachOf({ pods, fixed, own, remote }: Parts): Reach {
    const isSame = own.length === remote.length && own.every((set, i) => set === remote[i]);
    const ownSet = one(own);
    return {
      fixed: one([...pods.map(list => this.sets.of(list)), ...fixed]),
      own: ownSet,
      remote: isSame ? ownSet : one(remote),
      pods: () => (pods.length === 1 ? pods[0]! : [...new Set(pods.flat())]),
    };
  }
}

/** Of one set that set. */
const one = (sets: readonly AddressSet[]): AddressSet => (sets.length === 0 ? NOWHERE : union(sets));
