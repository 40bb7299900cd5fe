/**
 * The page's files: a folder -> the bytes and the type of a path.
 *
 * Only regular files that the folder holds have a path, and a path is looked up among these, never joined to the folder:
 * there is no path that leads out of it, and no listing. The folder is looked into at each request, as it may be built anew.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.yaml': 'text/plain; charset=utf-8',
};

export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** @param path begins with a slash; that alone is index.html. @returns null where the folder holds no such file */
export async function readPageFile(folder: string, path: string): Promise<PageFile | null> {
  const file = (await filesOf(folder)).get(path === '/' ? '/index.html' : path);
  if (file === undefined) return null;
  return {
    type: TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
    bytes: new Uint8Array(await readFile(file)),
  };
}

async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .map(file => [`/${relative(folder, file).split(sep).join('/')}`, file]),
  );
}
