#!/usr/bin/env node
/**
 * npm run docs: the pages that are made from the program: docs/commands, the manual page, the runs shown in
 * the cookbook and in the lessons, the list of lessons.
 *
 * In:  the built program (what its commands say of themselves), and the prose and commands of docs/cookbook.md and of lessons/.
 * Out: the files, written where they differ. With --check nothing is written: stale files are named, and it ends with 1.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../dist/cli/main.js';
import { referenceOf } from '../dist/cli/reference.js';
import { withFreshRuns } from './docs/cookbook.mjs';
import { lessonPages } from './docs/lessons.mjs';
import { manualPage } from './docs/man.mjs';
import { commandPages } from './docs/pages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isCheck = process.argv.includes('--check');

/** The program that is only looked at. */
const program = referenceOf(createProgram({ columns: 100, environment: {} }, () => {}));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const read = file => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '');

const pages = new Map([
  ...commandPages(program),
  ['docs/man/policap.1', manualPage(program, version)],
  ['docs/cookbook.md', withFreshRuns(read('docs/cookbook.md'), root)],
  ...lessonPages(root),
]);

const stale = [...pages].filter(([file, text]) => read(file) !== text);
const gone = readdirSync(join(root, 'docs/commands'))
  .map(name => `docs/commands/${name}`)
  .filter(file => !pages.has(file));

if (isCheck) {
  for (const file of [...stale.map(([name]) => name), ...gone])
    process.stderr.write(`${file} is not what the program says: run npm run docs\n`);
  process.exit(stale.length + gone.length > 0 ? 1 : 0);
}
for (const [file, text] of stale) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
  process.stderr.write(`${file}\n`);
}
for (const file of gone) {
  rmSync(join(root, file));
  process.stderr.write(`${file} is gone\n`);
}
