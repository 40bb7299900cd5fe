/**
 * Every packet of every shipped capture and example, in dataplane mode: policap's verdict is the running kernel's.
 *
 * Compared are the verdict, the connection state, the rules that decided, and the entry behind the packet: its state, the
 * milliseconds it has left, whether it was answered and is assured. Tunnels are opened, as policap does unless it is told
 * otherwise: what the kernel is given is the inner packet; captures that hold tunnels are compared a second time from outside.
 */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Compiled } from '../../src/compile.js';
import { openCaptures } from '../../src/node/captures.js';
import { emitNft } from '../../src/rules/emit-nft.js';
import { allCases, type Case, compileCase } from '../support/cases.js';
import { type Comparison, compare } from './agreement.js';
import { type CollectedPacket, type CollectOptions, collect } from './collect.js';
import { closeKernel, judgeByKernel, kernelProfile, kernelRefusal, TRACK_ONLY } from './kernel.js';

const refusal = kernelRefusal();
if (refusal !== null && process.env.CI === 'true') throw new Error(refusal);

const cases = allCases().filter(({ captures }) => captures.length > 0);
const total = { packets: 0, compared: 0, leftOut: new Map<string, number>() };

async function packetsOf(folder: Case, compiled: Compiled, options: CollectOptions): Promise<CollectedPacket[]> {
  const source = await openCaptures(folder.captures.map(capture => join(folder.path, capture)));
  const packets = await collect(source, compiled, { kernel: kernelProfile(), ...options });
  source.close();
  return packets;
}

async function compareWith(packets: readonly CollectedPacket[], ruleset: string): Promise<Comparison> {
  const asked = packets.flatMap(({ time, bytes }) => (bytes === null ? [] : [{ time, bytes }]));
  return compare(packets, await judgeByKernel(asked, ruleset));
}

/** Whether a tunnel was opened: the same packets differ from outside. */
const differ = (inner: readonly CollectedPacket[], outer: readonly CollectedPacket[]): boolean =>
  inner.some(({ bytes }, i) => bytes?.length !== outer[i]!.bytes?.length);

describe.skipIf(refusal !== null)('the running kernel judges every packet of a capture as policap does', () => {
  afterAll(async () => {
    await closeKernel();
    const left = [...total.leftOut].map(([why, number]) => `${number} ${why}`).join(', ');
    console.log(`${total.compared} of ${total.packets} packets compared with the kernel; not compared: ${left}`);
  });

  it.each(cases)('$name', async folder => {
    const compiled = compileCase(folder);
    const ruleset = emitNft(compiled.ruleset, compiled.inventory);
    const inner = await packetsOf(folder, compiled, { tunnels: true });
    const outer = await packetsOf(folder, compiled, { tunnels: false });
    for (const packets of differ(inner, outer) ? [inner, outer] : [inner]) {
      const { disagreements, compared, leftOut } = await compareWith(packets, ruleset);
      total.packets += packets.length;
      total.compared += compared;
      for (const [why, number] of leftOut) total.leftOut.set(why, (total.leftOut.get(why) ?? 0) + number);
      expect(disagreements.slice(0, 10), `${disagreements.length} of ${compared}`).toEqual([]);
    }
  });

  it('and differs where it should: without the rules, with another timeout', async () => {
    const shop = cases.find(({ name }) => name === 'pcaps/shop')!;
    const compiled = compileCase(shop);
    const ruleset = emitNft(compiled.ruleset, compiled.inventory);
    const packets = await packetsOf(shop, compiled, {});
    expect((await compareWith(packets, TRACK_ONLY)).disagreements.length).toBeGreaterThan(100);
    const hasty = await packetsOf(shop, compiled, { timeouts: { tcp_syn_sent: 119 } });
    expect((await compareWith(hasty, ruleset)).disagreements[0]).toMatchObject({
      policap: expect.stringContaining('SYN_SENT 119 s'),
      kernel: expect.stringContaining('SYN_SENT 120 s'),
    });
  });
});
