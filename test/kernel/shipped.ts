/**
 * The shipped captures, as they are compared with the kernel.
 *
 * In:  the cases of pcaps/ and examples/.  Out: each with its parts: the inner packets, and where it holds tunnels, the outer.
 */
import { join } from 'node:path';
import { openCaptures } from '../../src/node/captures.js';
import { emitNft } from '../../src/rules/emit-nft.js';
import { allCases, type Case, compileCase } from '../support/cases.js';
import { type CollectedPacket, type CollectOptions, collect } from './collect.js';

export const CAPTURES: readonly Case[] = allCases().filter(({ captures }) => captures.length > 0);

const asksForMore = (folder: Case): boolean =>
  compileCase(folder).ruleset.rules.some(({ names, layer7 }) => names !== undefined || layer7 !== undefined);

/** Those that a kernel can be asked about: none of its rulesets knows names or requests. */
export const COMPARED: readonly Case[] = CAPTURES.filter(folder => !asksForMore(folder));

export interface Shipped {
  readonly ruleset: string;
  /** Packet by packet: tunnels opened; and where that makes a difference, tunnels judged from outside. */
  readonly parts: readonly (readonly CollectedPacket[])[];
}

export async function load(folder: Case, options: CollectOptions = {}): Promise<Shipped> {
  const compiled = compileCase(folder);
  const packetsOf = async (tunnels: boolean): Promise<CollectedPacket[]> => {
    const source = await openCaptures(folder.captures.map(capture => join(folder.path, capture)));
    const packets = await collect(source, compiled, { ...options, tunnels });
    source.close();
    return packets;
  };
  const inner = await packetsOf(true);
  const outer = await packetsOf(false);
  const differ = inner.some(({ bytes }, i) => bytes?.length !== outer[i]!.bytes?.length);
  return { ruleset: emitNft(compiled.ruleset, compiled.inventory), parts: differ ? [inner, outer] : [inner] };
}
