/**
 * Whether dist/ holds what src/ says: asked before every build, and by bin/policap in a checkout.
 *
 * In:  the times of the files.  Out: true when nothing that is built from has changed since STAMP was written.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Written at the end of a build. */
export const STAMP = join(root, 'dist', '.built');

export function isBuilt() {
  if (!existsSync(STAMP)) return false;
  const sources = ['src', 'scripts/fast-path', 'web', 'lessons'].map(folder => newest(join(root, folder)));
  return (
    statSync(STAMP).mtimeMs >=
    Math.max(...sources, ...['tsconfig.json', 'scripts/web.mjs'].map(file => statSync(join(root, file)).mtimeMs))
  );
}

/** The newest change below a folder, in milliseconds since 1970; the folders' own times tell of files that are gone. */
function newest(folder) {
  let latest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}
