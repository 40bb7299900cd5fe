/**
 * Built modules with the constants they import written into them: node scripts/inline-constants.mjs FOLDER
 *
 * Why: to Node's V8 an import is a variable of another module, loaded from memory and checked at every use, also where
 * it is a `const` number; a module's own is part of the machine code. On the packet path, where every row's word has a
 * name, that is a third of the time.
 *
 * In:  what tsc wrote.  Out: the same files: `import { WORDS, find } from './table.js'` becomes
 * `import { find } from './table.js'; const WORDS = 22;` on the same lines, so that source maps stay true. Only numbers
 * that are declared `export const NAME = ...` are written in: nothing that could change while the program runs.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const IMPORT = /^import \{([^}]*)\} from '(\.[^']*)';/gm;

/** The numbers a module exports as constants, by name. */
async function constantsOf(file, known) {
  if (!known.has(file)) {
    const declared = new Set(
      [...readFileSync(file, 'utf8').matchAll(/^export const (\w+) =/gm)].map(([, name]) => name),
    );
    const values = declared.size === 0 ? {} : await import(pathToFileURL(file).href);
    known.set(
      file,
      new Map(Object.entries(values).filter(([name, value]) => declared.has(name) && typeof value === 'number')),
    );
  }
  return known.get(file);
}

export async function inlineConstants(folder) {
  const known = new Map();
  const changed = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const text = readFileSync(file, 'utf8');
    let written = '';
    let from = 0;
    for (const match of text.matchAll(IMPORT)) {
      const [whole, names, source] = match;
      const constants = await constantsOf(resolve(dirname(file), source), known);
      written += text.slice(from, match.index) + rewrite(whole, names, source, constants);
      from = match.index + whole.length;
    }
    if (from > 0) changed.set(file, written + text.slice(from));
  }
  // All values are known before a file is written: a module is read as tsc wrote it.
  for (const [file, text] of changed) writeFileSync(file, text);
}

function rewrite(whole, names, source, known) {
  const kept = [];
  const inlined = [];
  for (const name of names.split(',').map(part => part.trim())) {
    if (name === '') continue;
    const [exported, local = exported] = name.split(' as ').map(part => part.trim());
    if (known.has(exported)) inlined.push(`${local} = ${known.get(exported)}`);
    else kept.push(name);
  }
  if (inlined.length === 0) return whole;
  const lines = '\n'.repeat(whole.split('\n').length - 1);
  const constants = `const ${inlined.join(', ')};${lines}`;
  // Nothing else is wanted of the module: it is not loaded for this. None does anything but declare.
  return kept.length === 0 ? constants : `import { ${kept.join(', ')} } from '${source}'; ${constants}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await inlineConstants(resolve(process.argv[2]));
