#!/usr/bin/env node
/**
 * Random traffic against the running kernel, as much as one likes: a million packets unless told otherwise.
 *
 *   node scripts/kernel-random.mjs [packets] [first seed]
 *
 * It runs test/kernel/random.test.ts, which takes 1,000 packets a seed; the exit code is the test's. Needs root.
 */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [packets = '1000000', seed = '1000'] = process.argv.slice(2);
if (!(Number(packets) >= 1 && Number(seed) >= 0)) {
  process.stderr.write('usage: node scripts/kernel-random.mjs [packets] [first seed]\n');
  process.exit(1);
}
process.stderr.write(`Random traffic: ${packets} packets from seed ${seed} on ...\n`);
const env = { ...process.env, CI: 'true', POLICAP_RANDOM_PACKETS: packets, POLICAP_RANDOM_SEED: seed };
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/kernel/random.test.ts'],
  {
    cwd: root,
    env,
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
