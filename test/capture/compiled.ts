/**
 * Node's edges as plain JavaScript, for tests that need them in a process of their own (pipes, standard input).
 *
 * In:  a source file below src/ and a folder to write to.  Out: the folder, laid out like src/, with the packages it needs.
 */
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const OPTIONS = ['--ignoreConfig', '--rootDir', 'src', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];

export function compileInto(folder: string, source: string): void {
  const command = ['node_modules/typescript/bin/tsc', ...OPTIONS, '--outDir', folder, source];
  const run = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  expect(run.stdout).toBe('');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}
