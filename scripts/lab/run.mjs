#!/usr/bin/env node
/**
 * Plays a case on real TCP/IP stacks and captures it: node scripts/lab/run.mjs <case folder>...
 *
 * In:  <case>/cluster.yaml and <case>/play.yaml (README.md here).  Out: the capture files that play.yaml names.
 * Needs root, a Linux with network namespaces, and Debian's iproute2, nftables, tcpdump and python3; other programs
 * where a play runs them. Everything it starts it ends, and every namespace it makes it deletes.
 */
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCaptures } from './capture.mjs';
import { buildNetwork, removeNetwork } from './network.mjs';
import { readPlan } from './plan.mjs';
import { buildSctp, startServers, startSockets } from './servers.mjs';
import { endAll, run, sleep } from './shell.mjs';
import { playSteps } from './steps.mjs';
import { loadTranslation } from './translate.mjs';

const PACKAGES = {
  ip: 'iproute2',
  nft: 'nftables',
  tcpdump: 'tcpdump',
  '/usr/bin/python3': 'python3',
  ping: 'iputils-ping',
};

/** What is missing to run a lab here, as a sentence; empty where nothing is. */
async function missing() {
  if (process.platform !== 'linux') return 'The lab needs Linux with network namespaces.';
  if (process.getuid?.() !== 0) return 'The lab makes network namespaces and captures in them: run it as root.';
  for (const [program, name] of Object.entries(PACKAGES))
    if (!(await run('sh', ['-c', `command -v ${program}`], { exit: 'any' })))
      return `The lab needs ${program}: apt install ${name}`;
  const probe = `lab${process.pid}probe`;
  try {
    await run('ip', ['netns', 'add', probe]);
    await run('ip', ['netns', 'del', probe]);
  } catch (error) {
    return `The lab cannot make a network namespace here: ${error instanceof Error ? error.message : error}`;
  }
  return '';
}

/** @param {string} folder */
async function playCase(folder) {
  const plan = readPlan(folder, `lab${process.pid}-`);
  const temporary = mkdtempSync(join(tmpdir(), 'lab-'));
  chmodSync(temporary, 0o711); // postgres runs as its own user in there
  const seconds = plan.play.limit ?? 180;
  let late = () => {};
  const timer = setTimeout(() => late(), seconds * 1000);
  try {
    await Promise.race([
      play(plan, temporary),
      new Promise((_, reject) => {
        late = () => reject(new Error(`not done within ${seconds} s (play.yaml: limit)`));
        for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Error(`ended by ${signal}`)));
      }),
    ]);
  } finally {
    clearTimeout(timer);
    await endAll();
    await removeNetwork(plan);
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param {import('./plan.mjs').Plan} plan @param {string} temporary */
async function play(plan, temporary) {
  await buildNetwork(plan);
  await loadTranslation(plan);
  const sockets = startSockets();
  if (JSON.stringify(plan.play).includes('sctp')) await buildSctp(temporary);
  await startServers(plan, sockets, temporary);
  await sleep(plan.play.settle ?? 1.5); // reports of new multicast members, which no case is about

  /** @type {(() => Promise<string[]>) | undefined} */
  let stop;
  const stage = {
    plan,
    sockets,
    temporary,
    begin: async () => {
      stop = await startCaptures(plan, temporary);
    },
    end: async () => {
      await sleep(0.3); // the last packets reach tcpdump
      for (const file of (await stop?.()) ?? []) {
        const path = join(plan.folder, file);
        process.stdout.write(`${path}: ${statSync(path).size} bytes\n`);
      }
      stop = undefined;
    },
  };
  const steps = plan.play.steps ?? [];
  if (!steps.some((/** @type {any} */ step) => step.begin)) await stage.begin();
  await playSteps(stage);
  if (stop) await stage.end();
}

const folders = process.argv.slice(2);
const obstacle = folders.length ? await missing() : 'Usage: node scripts/lab/run.mjs <case folder>...';
if (obstacle) {
  process.stderr.write(`${obstacle}\n`);
  process.exitCode = 2;
} else {
  for (const folder of folders) {
    try {
      await playCase(folder);
    } catch (error) {
      process.stderr.write(`${folder}: ${error instanceof Error ? error.message : error}\n`);
      process.exitCode = 1;
      break;
    }
  }
}
process.exit();
