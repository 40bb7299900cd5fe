/**
 * Files that were dropped or chosen -> captures, documents and shared workspaces, by their content.
 *
 * In:  Files.  Out: Added, and a sentence for each file that is neither. Captures stay on disk until they are read; documents
 * are read here.
 */
import { isShared } from '../share/file.js';
import type { Added } from '../workspace.js';

/** Little-endian and big-endian pcap, with micro- and nanoseconds, pcapng, modified pcap, gzip, zstd. */
const CAPTURE_MAGICS = new Set(
  ['a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', '0a0d0d0a', 'a1b2cd34', '34cdb2a1'].concat('28b52ffd'),
);
const DOCUMENT = /\.(ya?ml|json)$/i;
const FIRST_BYTES = 32;
/** More than the largest cluster's documents. */
const MOST_DOCUMENT_BYTES = 1024 * 1024 * 1024;

export interface Sorted extends Added {
  readonly refused: readonly string[];
  /** A workspace that was shared as one file. */
  readonly shared: File | null;
}

export async function sortFiles(files: readonly File[]): Promise<Sorted> {
  let shared: File | null = null;
  const captures: { name: string; blob: Blob }[] = [];
  const documents: { name: string; text: string }[] = [];
  const refused: string[] = [];
  const names = new Set<string>();
  for (const file of files) {
    const name = distinct(file.webkitRelativePath || file.name, names);
    const bytes = await file
      .slice(0, FIRST_BYTES)
      .arrayBuffer()
      .catch(() => null);
    if (bytes === null) {
      refused.push(`${name} cannot be read: a folder is chosen below, file by file it can be dropped`);
      continue;
    }
    const start = new Uint8Array(bytes);
    const magic = hex(start.subarray(0, 4));
    if (isShared(new TextDecoder('latin1').decode(start)) || /\.policap$/i.test(name)) shared = file;
    else if (CAPTURE_MAGICS.has(magic) || magic.startsWith('1f8b')) captures.push({ name, blob: file });
    else if (!DOCUMENT.test(name)) {
      refused.push(`${name} is neither a capture (pcap, pcapng, gzip, zstd) nor a document (.yaml, .yml, .json)`);
    } else if (file.size > MOST_DOCUMENT_BYTES) refused.push(`${name} is larger than 1 GiB`);
    else documents.push({ name, text: await file.text() });
  }
  return { captures, documents, refused, shared };
}

/** Files of several folders may have one name: each keeps its own, as positions and edits name files. */
function distinct(name: string, names: Set<string>): string {
  let own = name;
  for (let n = 2; names.has(own); n++) own = name.replace(/(\.[^./]*)?$/, ending => ` (${n})${ending}`);
  names.add(own);
  return own;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
