/**
 * A file's text and its lines.
 *
 * In:  bytes or a string.  Out: a Source, or the one Problem that makes the text unreadable (too big, not UTF-8, NUL).
 * Lines are counted on the first question only: a good file of 100 MB never pays for them.
 */
import type { Position, Problem } from './document.js';

/** Line and column from 1; an offset is one of UTF-16 units, as in `text`. */
export class Source {
  private starts: Int32Array | null = null;

  constructor(
    readonly file: string,
    readonly text: string,
  ) {}

  position(offset: number): Position {
    this.starts ??= lineStarts(this.text);
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - this.starts[low]! + 1 };
  }
}

function lineStarts(text: string): Int32Array {
  let count = 1;
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count++;
  const starts = new Int32Array(count);
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts[line++] = i + 1;
  return starts;
}

/** @param maxBytes a bigger input is refused before anything of it is read */
export function openSource(input: string | Uint8Array, file: string, maxBytes: number): Source | Problem {
  const start: Position = { file, line: 1, column: 1 };
  if (input.length > maxBytes) {
    return {
      severity: 'error',
      position: start,
      message: `the file has ${input.length} bytes, more than the limit of ${maxBytes}`,
      hint: 'split it, or leave out what policap does not need: kubectl get ns,nodes,pods,svc,endpointslices -A -o json',
    };
  }
  let text: string;
  if (typeof input === 'string') text = input.startsWith('\uFEFF') ? input.slice(1) : input;
  else {
    const decoded = decodeUtf8(input);
    if (typeof decoded === 'number') {
      const before = new Source(file, new TextDecoder('utf-8').decode(input.subarray(0, decoded)));
      return {
        severity: 'error',
        position: before.position(before.text.length),
        message: `not UTF-8: byte 0x${input[decoded]!.toString(16).padStart(2, '0')} at offset ${decoded}`,
        hint: notText(input),
      };
    }
    text = decoded;
  }
  const source = new Source(file, text);
  const nul = text.indexOf('\0');
  if (nul < 0) return source;
  return {
    severity: 'error',
    position: source.position(nul),
    message: 'a NUL byte: this is not a text file',
    hint: typeof input === 'string' ? 'documents are YAML or JSON text' : notText(input),
  };
}

/** The text, or the offset of the first byte that is not UTF-8. */
function decodeUtf8(bytes: Uint8Array): string | number {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    let good = 0;
    let bad = bytes.length;
    while (good < bad) {
      const middle = (good + bad + 1) >> 1;
      // `stream` lets a prefix end within a character.
      if (isPrefixOfUtf8(bytes.subarray(0, middle))) good = middle;
      else bad = middle - 1;
    }
    // A character that is broken off is told at its first byte.
    while (good > 0 && !isPrefixOfUtf8(bytes.subarray(0, good), false)) good--;
    return Math.min(good, bytes.length - 1);
  }
}

function isPrefixOfUtf8(bytes: Uint8Array, stream = true): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

const MAGIC: readonly [string, string][] = [
  ['d4c3b2a1', 'capture'],
  ['a1b2c3d4', 'capture'],
  ['4d3cb2a1', 'capture'],
  ['a1b23c4d', 'capture'],
  ['0a0d0d0a', 'capture'],
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['fffe', 'utf-16'],
  ['feff', 'utf-16'],
];

function notText(bytes: Uint8Array): string {
  const head = Array.from(bytes.subarray(0, 4), byte => byte.toString(16).padStart(2, '0')).join('');
  const kind = MAGIC.find(([magic]) => head.startsWith(magic))?.[1];
  if (kind === 'capture') return 'this is a packet capture: name it as the CAPTURE, not as a document';
  if (kind === 'gzip' || kind === 'zstd') return `this is ${kind} data: decompress it first`;
  if (kind === 'utf-16') return 'this is UTF-16 text: convert it, e.g. iconv -f UTF-16 -t UTF-8';
  return 'documents are YAML or JSON in UTF-8';
}
