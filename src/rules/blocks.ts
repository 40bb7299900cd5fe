/**
 * ipBlocks -> address sets (8) (cold).
 *
 * In:  the ipBlocks of one rule, a profile.  Out: sets whose union is what they match, pods' addresses included. (P13): each
 * block is its cidr without its `except`; or all prefixes of the rule are one set of which the longest prefix decides, as
 * in a hash:net ipset: then what one block leaves out, a shorter prefix of another does not bring back.
 */
import type { Peer } from '../policy/policy.js';
import type { Profile } from '../profile/profile.js';
import { fromCidr, NOWHERE, subtract, union } from './addresses.js';
import type { Outsiders } from './outsiders.js';
import type { AddressSet } from './ruleset.js';

type Block = Extract<Peer, { kind: 'ipBlock' }>;

/** @param everyone with the pods that have no address yet  @param outsiders whom blocks match alone (P20), or everybody */
export function blockSets(
  blocks: readonly Block[],
  everyone: AddressSet,
  profile: Profile,
  outsiders: Outsiders,
): AddressSet[] {
  if (blocks.length === 0) return [];
  if (profile.blockPeers === 'outsiders') return blocks.map(block => outsiders.within(outerSet(block)));
  return profile.blocks === 'longest'
    ? [longestSet(blocks, everyone, profile)]
    : blocks.map(({ cidr, except }) => blockSet(cidr, except, everyone));
}

/** (P20): the blocks that may hold the node-local DNS address, which is a node's to the one and nobody's to the other. */
export const holdsNodeLocal = (blocks: readonly Block[], outsiders: Outsiders): boolean =>
  blocks.some(block => outsiders.holdsNodeLocal(outerSet(block)));

const outerSet = ({ cidr, except }: Block): AddressSet =>
  except.length === 0 ? prefix(cidr) : subtract(prefix(cidr), union(except.map(prefix)));

/** cidr without except. */
function blockSet(cidr: string, except: readonly string[], everyone: AddressSet): AddressSet {
  const block = prefix(cidr);
  const remaining = except.length === 0 ? block : subtract(block, union(except.map(prefix)));
  // A pod without an address will be somewhere: only a block that is everything surely holds it.
  return except.length === 0 && isWhole(cidr) ? { ...remaining, unaddressed: everyone.unaddressed } : remaining;
}

/** Shorter prefixes first, so that longer ones have the last word; of equal ones the last that was added. */
function longestSet(blocks: readonly Block[], everyone: AddressSet, { wholeBlocks }: Profile): AddressSet {
  const entries = new Map<string, boolean>();
  const add = (cidr: string, matches: boolean): void => {
    // (P14)
    const parts = wholeBlocks === null || !isWhole(cidr) ? [cidr] : wholeBlocks[cidr.includes(':') ? 'v6' : 'v4'];
    for (const text of parts) {
      entries.delete(text);
      entries.set(text, matches);
    }
  };
  for (const { cidr, except } of blocks) {
    add(cidr, true);
    for (const hole of except) add(hole, false);
  }
  const ordered = [...entries].sort(([a], [b]) => lengthOf(a) - lengthOf(b));
  let set = NOWHERE;
  for (const [cidr, matches] of ordered) set = matches ? union([set, prefix(cidr)]) : subtract(set, prefix(cidr));
  const isEverything = [...entries].every(([, matches]) => matches) && blocks.some(({ cidr }) => cidr === '0.0.0.0/0');
  return isEverything ? { ...set, unaddressed: everyone.unaddressed } : set;
}

const isWhole = (cidr: string): boolean => /\/0$/.test(cidr);

const lengthOf = (cidr: string): number => Number(cidr.slice(cidr.indexOf('/') + 1));

function prefix(text: string): AddressSet {
  const set = fromCidr(text);
  if (set === null) throw new Error(`ipBlock ${JSON.stringify(text)} passed validation but is no prefix`);
  return set;
}
