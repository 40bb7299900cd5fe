/**
 * Debian's packages of the peers: which are there, and their installation where it is asked for.
 *
 * In:  [{ program, package }].  Out: installMissing() installs; missing() says what to do about a program that is not there.
 */
import { spawnSync } from 'node:child_process';
import { isInstalled } from './process.mjs';

/** Programs of the classifier's and the yardstick's sections. */
export const DPDK = { program: 'dpdk-test-acl', package: 'dpdk-dev' };
export const COMPILER = { program: 'cc', package: 'gcc' };

/** @returns null where the program is there */
export function missing({ program, package: name }) {
  if (isInstalled(program)) return null;
  const remedy = name === null ? '' : ` (Debian package ${name}; npm run bench -- --install)`;
  return `${program} is not installed${remedy}`;
}

export function versionOf(name) {
  if (name === null || !isInstalled('dpkg-query')) return null;
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '$' + '{Version}', name], { encoding: 'utf8' });
  return status === 0 && stdout !== '' ? stdout : null;
}

/** Says what it does on stderr. What cannot be installed stays missing, and is named where it would have been measured. */
export function installMissing(programs) {
  const names = [...new Set(programs.filter(each => missing(each) !== null).map(each => each.package))].filter(Boolean);
  if (names.length === 0) return;
  process.stderr.write(`Installing Debian packages: ${names.join(' ')} ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const quiet = { env, stdio: ['ignore', 'ignore', 2] };
  const failed = [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...names],
  ].some(args => spawnSync('apt-get', args, quiet).status !== 0);
  if (failed) process.stderr.write('apt-get failed; it needs Debian, the network and root.\n');
}
