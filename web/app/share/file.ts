/**
 * A workspace as one file, both ways.
 *
 *   policap.shared/1 \n LENGTH \n HEADER CAPTURE CAPTURE ...
 *
 * LENGTH is that of HEADER in bytes: gzip-compressed JSON of documents before and after, options, the link, and the captures' names
 * and sizes. The captures follow as they are: opening the file reads none of them, each is a part of it.
 * In:  a Blob.  Out: a Shared, or a ShareFault with a sentence. What a file may make the page hold is bounded by its own size and
 * MOST_HEADER.
 */
import type { DocumentInput, Edit, WorkspaceOptions } from '../../worker/protocol.js';

export interface SharedCapture {
  readonly name: string;
  readonly blob: Blob;
}

export interface Shared {
  readonly captures: readonly SharedCapture[];
  readonly before: readonly DocumentInput[];
  /** Files that differ from `before`. */
  readonly edits: readonly Edit[];
  readonly options: WorkspaceOptions;
  /** The address's fragment. */
  readonly link: string;
}

export class ShareFault extends Error {
  override readonly name = 'ShareFault';
}

const SCHEMA = 'policap.shared/';
const VERSION = 1;
/** More than the longest beginning: the schema, the version, the length. */
const FIRST_BYTES = 64;
/** Documents of the largest cluster. */
const MOST_HEADER = 1024 * 1024 * 1024;
const MOST_FILES = 100_000;

/** Whether a file says that it is one. @param start its first bytes */
export const isShared = (start: string): boolean => start.startsWith(SCHEMA);

export async function writeShared({ captures, ...rest }: Shared): Promise<Blob> {
  const sizes = captures.map(({ name, blob }) => ({ name, size: blob.size }));
  const json = new Blob([JSON.stringify({ ...rest, captures: sizes })]);
  const header = await new Response(json.stream().pipeThrough(new CompressionStream('gzip'))).blob();
  return new Blob([`${SCHEMA}${VERSION}\n${header.size}\n`, header, ...captures.map(({ blob }) => blob)]);
}

/** @throws ShareFault @param name for sentences */
export async function readShared(file: Blob, name: string): Promise<Shared> {
  const start = new TextDecoder('latin1').decode(await file.slice(0, FIRST_BYTES).arrayBuffer());
  const [first, version, length] = /^policap\.shared\/(\d{1,9})\n(\d{1,15})\n/.exec(start) ?? [];
  if (first === undefined) throw new ShareFault(`${name}: its beginning is damaged: this is no workspace of policap's`);
  if (Number(version) !== VERSION) {
    throw new ShareFault(
      `${name}: a workspace of version ${version}; this page reads version ${VERSION}: use a newer policap`,
    );
  }
  const body = first.length + Number(length);
  if (body > file.size) throw cut(name, body - file.size);
  const header = headerOf(await unpacked(file.slice(first.length, body), name), name);
  let at = body;
  const captures = header.captures.map(it => {
    const blob = file.slice(at, at + it.size);
    at += it.size;
    return { name: it.name, blob };
  });
  if (at > file.size) throw cut(name, at - file.size);
  if (at < file.size) throw new ShareFault(`${name}: ${file.size - at} bytes too many: the file is damaged`);
  return { ...header, captures };
}

const cut = (name: string, missing: number): ShareFault =>
  new ShareFault(`${name}: ${missing} bytes are missing at its end: was it copied to the end?`);

async function unpacked(blob: Blob, name: string): Promise<string> {
  const reader = blob.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const decoder = new TextDecoder();
  const texts: string[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MOST_HEADER) break;
      texts.push(decoder.decode(value, { stream: true }));
    }
  } catch {
    throw new ShareFault(`${name}: its documents are damaged and cannot be unpacked`);
  }
  if (length > MOST_HEADER) {
    void reader.cancel();
    throw new ShareFault(`${name}: its documents are larger than 1 GiB`);
  }
  return texts.join('') + decoder.decode();
}

interface Header extends Omit<Shared, 'captures'> {
  readonly captures: readonly { readonly name: string; readonly size: number }[];
}

function headerOf(text: string, name: string): Header {
  const damaged = new ShareFault(`${name}: its documents are damaged`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged;
  }
  if (!isObject(value)) throw damaged;
  const { captures, before, edits, options, link } = value;
  const isWhole =
    isList(captures, it => isText(it['name']) && Number.isSafeInteger(it['size']) && (it['size'] as number) >= 0) &&
    isList(before, it => isText(it['name']) && isText(it['text'])) &&
    isList(edits, it => isText(it['name']) && (it['text'] === null || isText(it['text']))) &&
    isText(link);
  if (!isWhole) throw damaged;
  return {
    captures: (captures as Header['captures']).map(it => ({ name: it.name, size: it.size })),
    before: (before as DocumentInput[]).map(it => ({ name: it.name, text: it.text })),
    edits: (edits as Edit[]).map(it => ({ name: it.name, text: it.text })),
    options: optionsOf(options),
    link: link as string,
  };
}

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isList = (value: unknown, holds: (it: Fields) => boolean): boolean =>
  Array.isArray(value) && value.length <= MOST_FILES && value.every(it => isObject(it) && holds(it));

/** Every option but the timeouts: one that is missing here would be judged without. */
const TYPES: Readonly<Record<Exclude<keyof WorkspaceOptions, 'timeouts'>, 'string' | 'boolean' | 'number'>> = {
  profile: 'string',
  mode: 'string',
  conntrack: 'string',
  staged: 'boolean',
  maxConnections: 'number',
  tunnels: 'boolean',
  duplicates: 'boolean',
};

/** What is of another shape is left out; what the engine does not know of the rest, it says. */
function optionsOf(value: unknown): WorkspaceOptions {
  if (!isObject(value)) return {};
  const known = Object.entries(TYPES).flatMap(([key, type]) => (typeof value[key] === type ? [[key, value[key]]] : []));
  const timeouts = isObject(value['timeouts']) ? Object.entries(value['timeouts']) : [];
  const numbers = timeouts.filter(([, seconds]) => typeof seconds === 'number');
  return {
    ...Object.fromEntries(known),
    ...(numbers.length > 0 && { timeouts: Object.fromEntries(numbers) }),
  } as WorkspaceOptions;
}
