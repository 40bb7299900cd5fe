/**
 * Headers of every answer, refusals included: what the browser must not let the page or anyone else do.
 */
import { isApi } from './guard.js';

/** Scripts, styles and workers from here alone, none inline; nothing is sent elsewhere; no frame around it. The fast path is
 *  WebAssembly, hence wasm-unsafe-eval, which allows no eval of JavaScript. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** @param target as it stands in the request line */
export const headersFor = (target: string): Readonly<Record<string, string>> => ({
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // The page is asked for again at each reload; what users' files hold is kept nowhere.
  'Cache-Control': isApi(target) ? 'no-store' : 'no-cache',
});
