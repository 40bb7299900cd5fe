/**
 * The fast path's module from the built package.
 *
 * Out: the compiled module; null where there is none, or where POLICAP_WASM=0 asks for plain JavaScript.
 */
import { readFileSync } from 'node:fs';

export function loadFastPath(environment: Readonly<Record<string, string | undefined>>): WebAssembly.Module | null {
  if (environment['POLICAP_WASM'] === '0' || typeof WebAssembly !== 'object') return null;
  try {
    return new WebAssembly.Module(readFileSync(new URL('../fast-path/fast-path.wasm', import.meta.url)));
  } catch {
    return null;
  }
}
