/**
 * The package raw-socket, built in a folder of its own: the project's npm ci must not need a compiler.
 *
 * Out: the folder, for NODE_PATH; null where it could not be built, with the reason on stderr. Under CI that is an error.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WHICH = 'raw-socket@1.8.1';

export interface RawPackage {
  readonly modules: string;
  remove(): void;
}

/** @throws Error under CI */
export function installRawPackage(): RawPackage | null {
  const folder = mkdtempSync(join(tmpdir(), 'policap-raw-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  const options = { cwd: folder, encoding: 'utf8', timeout: 240_000 } as const;
  const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', WHICH], options);
  const modules = join(folder, 'node_modules');
  if (status === 0 && existsSync(join(modules, 'raw-socket/build/Release/raw.node'))) return { modules, remove };
  remove();
  const why = `${WHICH} could not be built (g++, make and python3 are needed):\n${stderr}`;
  if (process.env['CI'] === 'true') throw new Error(why);
  process.stderr.write(`LEFT OUT: live traffic through raw sockets: ${why}\n`);
  return null;
}
