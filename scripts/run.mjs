#!/usr/bin/env node
/**
 * npm start, npm test and npm run build: installs what is missing, builds what changed, then does the job.
 *
 * In:  start | test | build, and further arguments for the job.  Nothing is installed or built twice.
 * The first steps must run with nothing but Node: this file and what it imports use only Node's own modules.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt, STAMP } from './built.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ci = process.env.CI === 'true';

/** Debian packages that tests need: program, or a file of the package's -> package, and what is left out without it. */
const DEBIAN = [
  { program: 'tshark', package: 'tshark', leavesOut: 'the comparison of every header field with tshark' },
  { program: 'tcpdump', package: 'tcpdump', leavesOut: 'live traffic of an interface' },
  { program: 'zstd', package: 'zstd', leavesOut: 'reading zstd captures through the zstd program' },
  { program: 'bridge', package: 'iproute2', leavesOut: 'the comparison of verdicts with the running kernel' },
  { program: 'nft', package: 'nftables', leavesOut: 'the comparison of verdicts with the running kernel' },
  { program: 'ip', package: 'iproute2', leavesOut: 'the comparison of verdicts with the running kernel' },
  { program: 'python3', package: 'python3', leavesOut: 'the comparison of verdicts with the running kernel' },
  { program: 'jq', package: 'jq', leavesOut: 'the runs that docs/cookbook.md shows' },
  { program: 'zsh', package: 'zsh', leavesOut: 'completion in zsh' },
  { program: 'fish', package: 'fish', leavesOut: 'completion in fish' },
  { program: 'chromium', package: 'chromium', leavesOut: 'the page and the report in a browser' },
  { program: 'redis-server', package: 'redis-server', leavesOut: 'the queue of captures over several machines' },
  {
    program: '/usr/lib/python3/dist-packages/swift/proxy/server.py',
    package: 'python3-swift',
    leavesOut: 'the store of the queue in S3',
  },
  { program: 'g++', package: 'g++', leavesOut: 'live traffic through raw sockets, whose package is built' },
  { program: 'make', package: 'make', leavesOut: 'live traffic through raw sockets, whose package is built' },
  { program: 'mandoc', package: 'mandoc', leavesOut: "the check of the manual page's markup" },
];

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Runs a program with its output on our stderr, so that stdout stays the job's own. */
function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    ...options,
  });
  if (error) fail(`${command}: ${error.message}`);
  if (signal) process.exit(1);
  return status ?? 1;
}

const has = program =>
  program.startsWith('/')
    ? existsSync(program)
    : spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;

/** Whether node_modules holds exactly what the lock says. */
function installed() {
  const lockOf = file => JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  try {
    const wanted = lockOf('package-lock.json');
    const present = lockOf('node_modules/.package-lock.json');
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || (optional && !present[path]) || present[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function install() {
  if (installed()) return;
  process.stderr.write('Installing the npm packages of package-lock.json ...\n');
  if (run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']) !== 0) {
    fail('npm ci failed: is the npm registry within reach?');
  }
}

function build() {
  if (isBuilt()) return;
  process.stderr.write('Building ...\n');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  if (run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']) !== 0)
    fail('The build failed.');
  if (run(process.execPath, ['scripts/inline-constants.mjs', 'dist']) !== 0) fail('The build failed.');
  if (run(process.execPath, ['scripts/fast-path/build.mjs']) !== 0) fail('The build failed.');
  if (run(process.execPath, ['scripts/web.mjs']) !== 0) fail('The build failed.');
  writeFileSync(STAMP, '');
}

/** Installs the Debian packages that tests need where it may; says what is left out where it may not. */
function installDebian() {
  const missing = DEBIAN.filter(({ program }) => !has(program));
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && has('apt-get')) {
    const names = missing.map(({ package: name }) => name);
    process.stderr.write(`Installing Debian packages: ${names.join(', ')} ...\n`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const quiet = { env, stdio: ['ignore', 'ignore', 2] };
    run('apt-get', ['update', '-q'], quiet);
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], quiet);
  }
  for (const { program, package: name, leavesOut } of missing) {
    if (has(program)) continue;
    if (ci) fail(`${program} is missing and could not be installed (Debian package ${name}).`);
    process.stderr.write(`Left out, because ${program} is not installed (Debian package ${name}): ${leavesOut}.\n`);
  }
}

function test(args) {
  installDebian();
  const folder = mkdtempSync(join(tmpdir(), 'policap-test-'));
  const report = join(folder, 'report.json');
  const status = run(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { stdio: ['ignore', 1, 2] },
  );
  let counts = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0 };
  if (existsSync(report)) counts = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  const skipped = counts.numPendingTests + counts.numTodoTests;
  const failed = counts.numFailedTests + (status !== 0 && counts.numFailedTests === 0 ? 1 : 0);
  if (ci && skipped > 0) process.stderr.write('Tests were skipped; under CI=true nothing may be left out.\n');
  process.stdout.write(
    `${counts.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
  );
  process.exit(status !== 0 || (ci && skipped > 0) ? 1 : 0);
}

function start(args) {
  const example = ['replay', 'pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
  process.stderr.write(`\nbin/policap ${example.join(' ')}\n\n`);
  process.exit(run(process.execPath, ['bin/policap', ...example, ...args], { stdio: 'inherit' }));
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`policap needs Node 20.19 or later; this is ${process.versions.node}.`);

const [job, ...args] = process.argv.slice(2);
const jobs = { start, test, build: () => {} };
if (!Object.hasOwn(jobs, job)) fail('usage: node scripts/run.mjs start|test|build [arguments]');
install();
build();
jobs[job](args);
