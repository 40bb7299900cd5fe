/**
 * All scripts of scripts/, and what it takes to run one: its packets, its rules, its options.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type KernelOptions, type KernelPacket, kernelProfile } from './kernel.js';
import { type PlainRules, plainRulesOf } from './plain-nft.js';
import type { TimedPacket } from './policap.js';
import { parseScripts, type Script } from './script.js';
import type { Family } from './script-packet.js';

export const FOLDER = fileURLToPath(new URL('scripts/', import.meta.url));

export const scriptFiles = (): string[] =>
  readdirSync(FOLDER)
    .filter(name => name.endsWith('.script'))
    .sort();

export const readScripts = (): Script[] =>
  scriptFiles().flatMap(name => parseScripts(readFileSync(FOLDER + name, 'utf8'), name));

export interface Run {
  readonly packets: readonly TimedPacket[];
  readonly rules: PlainRules;
  readonly options: KernelOptions & { readonly kernel: '6.12' | '6.18' };
}

export function runOf(script: Script, family: Family): Run {
  const packets: TimedPacket[] = [];
  for (const { time, build } of script.packets) {
    packets.push({
      time,
      bytes: build(
        family,
        packets.map(({ bytes }) => bytes),
      ),
    });
  }
  const { settings } = script;
  const options = {
    verifyChecksums: settings.has('checksums'),
    liberal: settings.has('liberal'),
    loose: !settings.has('strict'),
    kernel: settings.has('6.18') ? '6.18' : kernelProfile(),
  } as const;
  return { packets, rules: plainRulesOf(script, family), options };
}

export const kernelPackets = (packets: readonly TimedPacket[]): KernelPacket[] =>
  packets.map(({ time, bytes }) => ({ time: BigInt(Math.round(time * 1e6)) * 1000n, bytes }));
