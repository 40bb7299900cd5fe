/**
 * Whether policies can be judged from what is kept, or only by another replay (cold).
 *
 * In:  a kept capture, and compiled policies.  Out: null, or why not, in a sentence. Judging again is the same as a replay where
 * the policies answer questions about first packets and nothing else: where they read what packets carry, or their verdicts
 * change the connection table, it is not.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import type { ConntrackKind } from '../flow/kinds.js';
import { conntrackOf } from '../replay-memory.js';
import { asksRequests } from '../verdict/layer7.js';
import type { KeepOptions, Kept } from './kept.js';

export type Judged = Pick<Compiled, 'inventory' | 'objects' | 'profile' | 'ruleset'>;

/** What of the replay itself stands against it, whatever the policies. */
export function whyNoTrace({ mode = 'what-if' }: Pick<KeepOptions, 'mode'>, conntrack: ConntrackKind): string | null {
  if (mode === 'dataplane')
    return 'In dataplane mode a refused packet leaves no connection: what follows must be tracked anew.';
  if (conntrack === 'linux' || conntrack === 'none') return null;
  return `The connection table of ${conntrack} keeps refused connections apart: what follows must be tracked anew.`;
}

/** What of the policies does. */
export function whyNoQuestions({ objects, ruleset }: Pick<Judged, 'objects' | 'ruleset'>): string | null {
  if (asksRequests({ ruleset })) return 'Some rules look at requests, which must be read from the packets.';
  if (ruleset.rules.some(({ names }) => names !== undefined)) {
    return 'Some rules look at names, which must be learnt from the answers in the packets.';
  }
  if (objects.istio.length > 0)
    return "A service mesh's policies look at requests, which must be read from the packets.";
  return null;
}

export function whyNot(
  kept: Pick<Kept, 'traced' | 'options' | 'conntrack' | 'inventory'>,
  compiled: Judged,
): string | null {
  const { traced, options, conntrack, inventory } = kept;
  if (traced === null) return whyNoTrace(options, conntrack);
  const asks = whyNoQuestions(compiled);
  if (asks !== null) return asks;
  const other = conntrackOf(options, compiled);
  if (other !== conntrack)
    return `The profile's connection table is ${other}, where the capture was kept with ${conntrack}.`;
  return isSameCluster(inventory, compiled.inventory)
    ? null
    : 'The cluster is another one than that of the kept capture.';
}

/** Owners with the same numbers, addresses, ports and backends. Labels are the policies' business. */
function isSameCluster(a: Inventory, b: Inventory): boolean {
  if (a.owners === b.owners && a.byAddress === b.byAddress) return true;
  if (a.owners.length !== b.owners.length || a.byAddress.size !== b.byAddress.size) return false;
  for (const [address, { owner }] of a.byAddress) if (b.byAddress.get(address)?.owner !== owner) return false;
  return a.owners.every((it, i) => it === b.owners[i] || textOf(it) === textOf(b.owners[i]!));
}

const textOf = (owner: object): string =>
  JSON.stringify(owner, (key, value: unknown) => (key === 'position' || key === 'labels' ? undefined : value));
