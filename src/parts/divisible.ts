/**
 * Whether a capture point can be divided by flow, exactly (cold).
 *
 * In:  what judges it: the compiled documents, the mode, the connection table.  Out: null where it can, or why it cannot, for
 * people. The rule, and what it follows from, is in docs/scale.md: flows must know nothing of each other.
 */
import type { Compiled } from '../compile.js';
import { createShapes } from '../report/shapes.js';
import { QUOTES_ERRORS, QUOTES_NOTHING, QUOTES_REDIRECTS, Share, type ShareOf } from '../verdict/share.js';

export interface Undivided {
  /** What ties flows together: `... know of each other`. */
  readonly why: string;
  /** What would make it divisible. */
  readonly instead: string;
}

export interface Dividing {
  readonly mode?: 'what-if' | 'dataplane';
  /** The connection table (flow/kinds.ts). */
  readonly table: string;
}

export function undivided(
  { ruleset, objects, inventory }: Pick<Compiled, 'ruleset' | 'objects' | 'inventory'>,
  { mode = 'what-if', table }: Dividing,
): Undivided | null {
  if (ruleset.rules.some(({ names }) => names !== undefined)) {
    return { why: 'DNS answers of one flow decide others', instead: 'policies without names can be divided' };
  }
  if (ruleset.rules.some(({ layer7 }) => layer7 !== undefined) || objects.istio.length > 0) {
    return {
      why: 'requests are read within a limit over all flows',
      instead: 'policies that look at no requests can be divided',
    };
  }
  if (table === 'cilium') {
    return {
      why: "Cilium's table relates ICMP errors to whatever is between two addresses",
      instead: '--conntrack linux can be divided in --mode dataplane',
    };
  }
  if (mode === 'dataplane') return null;
  if (table !== 'none') {
    return {
      why: 'what-if mode knows connections again among a limited number over all flows',
      instead: '--mode dataplane can be divided',
    };
  }
  if (inventory.services.length === 0) return null;
  return { why: 'what-if mode looks for the other side of a service', instead: '--mode dataplane can be divided' };
}

/** The share of a point that undivided() is null of. */
export function createShare(share: ShareOf, compiled: Compiled, { table }: Pick<Dividing, 'table'>): Share {
  const { ofWorkload } = createShapes({ compiled, decisions: [] });
  const workloads = Int32Array.from(compiled.inventory.owners, (_, owner) => ofWorkload(owner));
  const quotes = table === 'none' ? QUOTES_NOTHING : table === 'linux' ? QUOTES_REDIRECTS : QUOTES_ERRORS;
  return new Share(share, compiled.classifier, workloads, quotes);
}
