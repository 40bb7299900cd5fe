/**
 * The shipped cases: folders under pcaps/ and examples/ that hold captures and what their verdicts must be.
 *
 * In:  the folders.  Out: a Case an expected*.yaml, read with the yaml package alone. pcaps/README.md says what the keys mean.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { parse } from 'yaml';
import { type Compiled, compile } from '../../src/compile.js';
import type { KubernetesDocument } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';

export interface ExpectedConversation {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port?: number | string;
  readonly icmpType?: number;
  readonly family?: 4 | 6;
  readonly connections?: number;
  readonly verdict: string;
  readonly reason: string;
  readonly side?: string | readonly string[];
  readonly policy?: string | readonly string[];
  readonly views?: readonly { readonly from?: string; readonly to?: string; readonly port?: number | string }[];
}

export interface ExpectedRequests {
  readonly counts: {
    readonly total: number;
    readonly allowed: number;
    readonly denied: number;
    readonly undecided: number;
  };
  readonly refused: readonly {
    readonly from: string;
    readonly to: string;
    readonly port: number;
    /** "GET /path host", or the name that is asked for; absent where none was read. */
    readonly request?: string;
    /** Part of why it is undecided. */
    readonly why?: string;
    /** "ingress shop/api ingress[0]" */
    readonly by?: string;
    readonly requests: number;
  }[];
}

export interface Expected {
  readonly mode?: 'what-if' | 'dataplane';
  readonly captures?: readonly string[];
  readonly conversations: readonly ExpectedConversation[];
  readonly requests?: ExpectedRequests;
  /** The same of the service mesh. */
  readonly mesh?: ExpectedRequests;
  readonly packets: {
    readonly total: number;
    readonly allowed?: number;
    readonly dropped?: number;
    readonly undecided?: number;
    readonly duplicates?: number;
    readonly reasons?: Readonly<Record<string, number>>;
  };
}

export interface Case {
  /** "pcaps/shop", "pcaps/services expected-pod.yaml". */
  readonly name: string;
  readonly path: string;
  readonly captures: readonly string[];
  readonly expected: Expected;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CAPTURE = /\.pcap(ng)?(\.gz|\.zst)?$/;

export function allCases(): Case[] {
  return ['pcaps', 'examples'].flatMap(collection =>
    readdirSync(join(ROOT, collection))
      .filter(name => statSync(join(ROOT, collection, name)).isDirectory())
      .flatMap(name => casesOf(`${collection}/${name}`)),
  );
}

function casesOf(folder: string): Case[] {
  const path = join(ROOT, folder);
  const files = readdirSync(path).sort();
  const captures = files.filter(file => CAPTURE.test(file));
  return files
    .filter(file => /^expected.*\.yaml$/.test(file))
    .map(file => ({ file, expected: parse(readFileSync(join(path, file), 'utf8')) as Expected }))
    .filter(({ expected }) => expected.conversations !== undefined)
    .map(({ file, expected }) => ({
      name: file === 'expected.yaml' ? folder : `${folder} ${file}`,
      path,
      captures: expected.captures ?? captures,
      expected,
    }));
}

const documentsIn = (path: string): readonly KubernetesDocument[] => {
  if (statSync(path).isDirectory())
    return readdirSync(path)
      .sort()
      .flatMap(file => documentsIn(join(path, file)));
  const { documents, problems } = readDocuments(readFileSync(path), path.slice(ROOT.length));
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return documents;
};

export function compileCase({ path }: Case, engine: 'tree' | 'linear' = 'tree'): Compiled {
  const documents = [...documentsIn(join(path, 'policies')), ...documentsIn(join(path, 'cluster.yaml'))];
  const { compiled, problems } = compile(documents, { engine });
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return compiled;
}

/** The capture's bytes without compression: a copy, and no Buffer (whose slice() is a view). */
export function plainCapture(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return new Uint8Array(gunzipSync(bytes));
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return unzstd(bytes);
  return new Uint8Array(bytes);
}
