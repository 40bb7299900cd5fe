#!/usr/bin/env node
/**
 * The fast path: the hot loops of src/ as one WebAssembly module, dist/fast-path/fast-path.wasm.
 *
 * In:  src/ and the modules that tsc has built from it.  Out: the module, once for a memory of one thread and once for one
 * that threads share (fast-path-shared.wasm), and beside it the AssemblyScript it was compiled from (fast-path.as.ts), to
 * be looked at. With --names the module keeps its functions' names, for a profile.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';
import ts from 'typescript';
import { Translator } from './translate.mjs';

/** What the host calls: [file, class or null, method or function]. */
const ENTRIES = [
  ['capture/records', null, 'walkRecords'],
  ['capture/clock', null, 'countStepsBack'],
  ['packet/frames', null, 'parseFrames'],
  ['verdict/loop', 'JudgeLoop', 'run'],
  ['report/counters', 'Counters', 'count'],
  ['report/mark-loop', 'MarkLoop', 'run'],
  ['report/line-loop', 'LineLoop', 'run'],
  ['tree/crossing-lookup', null, 'crossRows'],
  ['tree/direct-lookup', null, 'judgeRows'],
];
/** Interfaces whose only implementation in the fast path is this class. */
const STANDS = {
  Tracker: ['flow/conntrack', 'ConnectionTracker'],
  OwnerLookup: ['tree/flat-addresses', 'FlatAddresses'],
};
/** Modules with constant tables. */
const TABLES = ['packet/ipv6', 'flow/tcp-states', 'flow/tuple', 'flow/icmp'];

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const sourceFile = name => join(root, 'src', `${name}.ts`);

function createProgram() {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return ts.createProgram(
    [...ENTRIES, ...Object.values(STANDS)].map(([file]) => sourceFile(file)),
    options,
  );
}

const program = createProgram();
const classOf = (file, name) =>
  program.getSourceFile(sourceFile(file)).statements.find(s => ts.isClassDeclaration(s) && s.name.text === name);
const stands = Object.fromEntries(Object.entries(STANDS).map(([name, [file, cls]]) => [name, classOf(file, cls)]));
const tables = new Map();
for (const name of TABLES) {
  tables.set(sourceFile(name), await import(pathToFileURL(join(root, 'dist', `${name}.js`)).href));
}

const translator = new Translator(program, stands);
translator.values.setTables(tables);
const exported = ENTRIES.map(([file, cls, name]) => {
  const owner = cls === null ? program.getSourceFile(sourceFile(file)).statements : classOf(file, cls).members;
  return translator.add(owner.find(member => member.name?.getText() === name));
});
const text = translator.text(exported);

const folder = join(root, 'dist', 'fast-path');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'fast-path.as.ts'), text);

/** @param flags of the compiler beyond those of every build */
async function assemble(outFile, flags) {
  const files = new Map();
  const { error, stderr } = await asc.main(
    [
      'fast-path.ts',
      '--outFile',
      outFile,
      '-O3',
      '--converge',
      '--runtime',
      'stub',
      '--importMemory',
      '--noAssert',
      '--use',
      'abort=',
      '--enable',
      'simd',
      ...flags,
      ...(process.argv.includes('--names') ? ['--debug'] : []),
    ],
    {
      readFile: name => (name === 'fast-path.ts' ? text : null),
      writeFile: (name, contents) => files.set(name, contents),
      listFiles: () => [],
    },
  );
  if (error) {
    process.stderr.write(`${error.message}\n${stderr.toString()}\n`);
    process.exit(1);
  }
  writeFileSync(join(folder, outFile), files.get(outFile));
}

await assemble('fast-path.wasm', []);
// The same code for a memory that two threads share: a module says which kind it takes.
await assemble('fast-path-shared.wasm', ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536']);
