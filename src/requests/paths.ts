/**
 * What proxies make of a request's path before they compare it (RFC 3986, 6.2.2): single steps, of which each proxy takes its
 * own (cold).
 */

/** Escapes of characters that are `plain` are read; others stay as they are. */
export const unescaped = (path: string, plain: RegExp): string =>
  path.replace(/%([0-9a-fA-F]{2})/g, (coded, code: string) => {
    const letter = String.fromCharCode(Number.parseInt(code, 16));
    return plain.test(letter) ? letter : coded;
  });

/** RFC 3986, 5.2.4. @param path that begins with a slash; another one stays as it is */
export function withoutDots(path: string): string {
  if (!path.startsWith('/')) return path;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  segments.forEach((segment, i) => {
    const isDots = segment === '.' || segment === '..';
    if (segment === '..') kept.pop();
    if (!isDots) kept.push(segment);
    else if (i === segments.length - 1) kept.push('');
  });
  return `/${kept.join('/')}`;
}
