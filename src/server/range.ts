/**
 * One range of bytes of a file (RFC 9110, section 14).
 *
 * In:  a Range header, and the file's size.  Out: the range, `beyond` where nothing of it is in the file (416), null where
 * the whole file is the answer: without the header, and with one that asks for several ranges, for other units, or for
 * nothing that can be read, all of which a server may ignore.
 */
export interface ByteRange {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

const ONE_RANGE = /^bytes=(\d*)-(\d*)$/i;

export function rangeOf(header: string | undefined, size: number): ByteRange | 'beyond' | null {
  const [, first = '', last = ''] = ONE_RANGE.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const start = Math.max(0, size - Number(last));
    return start < size ? { start, end: size } : 'beyond';
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return null;
  if (start >= size) return 'beyond';
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) };
}
