/**
 * The yardstick in C (bench/yardstick): compiled here, run over the same capture, held to the same counts.
 *
 * In:  a capture, the file of policies and cluster, and the reasons that `policap replay --mode dataplane -o json` counted.
 * Out: CPU time a packet in nanoseconds, null without gcc. Counts that differ end the benchmark: a program that does other
 * work is no yardstick.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, isInstalled } from './process.mjs';

const here = name => fileURLToPath(new URL(name, import.meta.url));

function output(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

export function measureYardstick(capture, cluster, folder, packets, expected) {
  if (!isInstalled('gcc')) return null;
  const program = join(folder, 'yardstick');
  const tables = join(folder, 'tables');
  output('gcc', '-O3', '-march=native', '-o', program, here('yardstick/yardstick.c'));
  output(process.execPath, here('yardstick/dump.mjs'), cluster, tables);
  const { reasons } = JSON.parse(output(program, capture, tables));
  const differing = Object.entries(reasons).filter(([reason, count]) => count !== (expected[reason] ?? 0));
  if (differing.length > 0) {
    const found = differing.map(([reason, count]) => `${reason}: ${count}, policap ${expected[reason] ?? 0}`);
    throw new Error(`the yardstick counts differently: ${found.join('; ')}`);
  }
  return (cpuSeconds(program, capture, tables) * 1e9) / packets;
}
