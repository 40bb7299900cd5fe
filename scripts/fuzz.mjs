#!/usr/bin/env node
/**
 * npm run fuzz: millions of mutants of every shipped capture and document, seed after seed.
 *
 * In:  how many mutants (default 3,000,000) and the seed to begin with (default 1).
 * Out: a line a round, on stdout; ends with 1 at the first round that fails, with the seed and how to run it alone.
 * The tests of test/fuzz do the work: each takes its number of mutants and its first seed from the environment.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FILES = readdirSync(join(root, 'test/fuzz')).filter(name => name.endsWith('.test.ts'));
/** Mutants a file and round: a minute or two, so that progress is seen and a failure comes soon. */
const ROUND = 50_000;
/** Failures printed of a round: what breaks one capture often breaks all. */
const SHOWN = 3;
/** Seeds are 32-bit numbers. */
const LAST_SEED = 2 ** 32 - 1;

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function wholeNumber(text, name, otherwise, highest) {
  if (text === undefined) return otherwise;
  const number = Number(text.replaceAll(/[,_]/g, ''));
  if (!Number.isInteger(number) || number < 1 || number > highest) {
    fail(
      `${name}: ${JSON.stringify(text)} is not a whole number from 1 on\nusage: npm run fuzz -- [mutants] [first seed]`,
    );
  }
  return number;
}

/** Runs all files once. @returns the messages of what failed, empty for none */
function round(seed, mutants) {
  const folder = mkdtempSync(join(tmpdir(), 'policap-fuzz-'));
  const report = join(folder, 'report.json');
  const { status, signal, stderr, error } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'test/fuzz', '--reporter=json', `--outputFile.json=${report}`],
    {
      cwd: root,
      env: { ...process.env, POLICAP_SEED: String(seed), POLICAP_MUTANTS: String(mutants) },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    },
  );
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  rmSync(folder, { recursive: true, force: true });
  if (signal) process.exit(1);
  if (status === 0) return [];
  const messages = results.flatMap(({ message, assertionResults }) => [
    ...assertionResults.flatMap(({ fullName, failureMessages }) => failureMessages.map(text => `${fullName}\n${text}`)),
    ...(message ? [message] : []),
  ]);
  return messages.length > 0 ? messages : [error?.message ?? stderr];
}

const [mutantsText, seedText] = process.argv.slice(2);
const wanted = wholeNumber(mutantsText, 'mutants', 3_000_000, Number.MAX_SAFE_INTEGER);
let seed = wholeNumber(seedText, 'first seed', 1, LAST_SEED);

if (!existsSync(join(root, 'node_modules/vitest'))) fail('The packages are not installed: run npm ci first.');
const started = performance.now();
for (let done = 0; done < wanted; ) {
  const mutants = Math.min(ROUND, Math.ceil((wanted - done) / FILES.length));
  if (seed + mutants > LAST_SEED) fail('The seeds are used up: begin with a lower one.');
  const failures = round(seed, mutants);
  for (const message of failures.slice(0, SHOWN)) process.stdout.write(`\n${message}\n`);
  if (failures.length > SHOWN) process.stdout.write(`\nand ${failures.length - SHOWN} more failures\n`);
  if (failures.length > 0) {
    const found = /POLICAP_SEED=(\d+)/.exec(failures.join('\n'))?.[1];
    process.stdout.write(
      found === undefined
        ? `\nFailed in the seeds from ${seed} on: POLICAP_SEED=${seed} POLICAP_MUTANTS=${mutants} npx vitest run test/fuzz\n`
        : `\nSeed ${found} failed: POLICAP_SEED=${found} POLICAP_MUTANTS=1 npx vitest run test/fuzz\n`,
    );
    process.exit(1);
  }
  done += mutants * FILES.length;
  seed += mutants;
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(
    `${done.toLocaleString('en-US')} of ${wanted.toLocaleString('en-US')} mutants passed, seeds up to ${seed - 1}, ${seconds} s\n`,
  );
}
