/**
 * Documents' texts -> what the compiler takes. A file that is given again unchanged gives the same objects, which the compiler knows.
 *
 * In:  the files of one of several sets (what is open, and what stands in the editor).  Out: their documents, in order, and problems.
 */
import type { KubernetesDocument, Problem } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';
import { isPolicyDocument } from '../../src/policy/read.js';
import type { DocumentInput } from './protocol.js';

export interface ReadSet {
  readonly documents: readonly KubernetesDocument[];
  readonly problems: readonly Problem[];
  /** Names of files that hold documents, and no policy among them. */
  readonly withoutPolicies: readonly string[];
}

interface Known extends Omit<ReadSet, 'withoutPolicies'> {
  readonly name: string;
  readonly text: string;
  readonly holdsOthers: boolean;
}

export type DocumentReader = (inputs: readonly DocumentInput[], set: string) => ReadSet;

export function createDocumentReader(): DocumentReader {
  /** By set, its files; two may have one name. What stands in none of the sets any more is forgotten. */
  const sets = new Map<string, readonly Known[]>();
  return (inputs, set) => {
    const known = byName([...sets.values()].flat());
    const now = inputs.map(it => known.get(it.name)?.find(({ text }) => text === it.text) ?? readFile(it));
    // What is opened stands in place of all that was.
    if (set === 'open') sets.clear();
    sets.set(set, now);
    return {
      documents: now.flatMap(it => it.documents),
      problems: now.flatMap(it => it.problems),
      withoutPolicies: now.filter(({ holdsOthers }) => holdsOthers).map(({ name }) => name),
    };
  };
}

function byName(files: readonly Known[]): Map<string, Known[]> {
  const found = new Map<string, Known[]>();
  for (const file of files) {
    const others = found.get(file.name);
    if (others === undefined) found.set(file.name, [file]);
    else others.push(file);
  }
  return found;
}

function readFile({ name, text }: DocumentInput): Known {
  const { documents, problems } = readDocuments(text, name);
  return { name, text, documents, problems, holdsOthers: documents.length > 0 && !documents.some(isPolicyDocument) };
}
