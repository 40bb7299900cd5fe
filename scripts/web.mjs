#!/usr/bin/env node
/**
 * dist/web: the page as a static site, from web/ and the built engine.
 *
 * Out: index.html, app.js, style.css; loaded later: engine.js, when there is something to judge editor.js, when something is
 * edited, and lessons/. Plain scripts, no modules: a page opened from a folder may load nothing else.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { packLessons } from './web-lessons.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist', 'web');

/** One script, which runs when it is loaded. The engine is taken as dist/ has it: with its constants in place. */
async function script(name, entry) {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    root: join(root, 'web'),
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { alias: [{ find: /^(\.\.\/)+src\//, replacement: `${join(root, 'dist')}/` }] },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      cssCodeSplit: false,
      lib: { entry: join(root, 'web', entry), formats: ['iife'], name: 'policap', fileName: () => `${name}.js` },
    },
  });
  const files = (Array.isArray(result) ? result : [result]).flatMap(({ output }) => output);
  const code = files.find(({ type }) => type === 'chunk').code;
  const css = files.find(({ fileName }) => fileName.endsWith('.css'))?.source;
  return { code, css };
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const app = await script('app', 'app/main.tsx');
writeFileSync(join(out, 'app.js'), app.code);
writeFileSync(join(out, 'style.css'), app.css ?? '');
const engine = await script('engine', 'worker/main.ts');
// As a function: in a worker it runs, in a page it is only known.
writeFileSync(
  join(out, 'engine.js'),
  `function policapEngine(){${engine.code}}\nif(typeof document==='undefined')policapEngine();\n`,
);
if (existsSync(join(root, 'web/editor/main.ts'))) {
  writeFileSync(join(out, 'editor.js'), (await script('editor', 'editor/main.ts')).code);
}
await packLessons(root, out);
copyFileSync(join(root, 'web', 'index.html'), join(out, 'index.html'));
