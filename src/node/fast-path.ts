/**
 * The fast path's module from the built package.
 *
 * In:  whether threads are to share its memory.  Out: the compiled module; null where there is none, or where POLICAP_WASM=0 asks for plain JavaScript.
 */
import { readFileSync } from 'node:fs';

export function loadFastPath(
  environment: Readonly<Record<string, string | undefined>>,
  isShared = false,
): WebAssembly.Module | null {
  if (environment['POLICAP_WASM'] === '0' || typeof WebAssembly !== 'object') return null;
  try {
    const file = `../fast-path/${isShared ? 'fast-path-shared' : 'fast-path'}.wasm`;
    return new WebAssembly.Module(readFileSync(new URL(file, import.meta.url)));
  } catch {
    return null;
  }
}
