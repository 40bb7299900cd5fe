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
  readonly text: string;
  readonly holdsOthers: boolean;
}

export type DocumentReader = (inputs: readonly DocumentInput[], set: string) => ReadSet;

export function createDocumentReader(): DocumentReader {
  /** By set, its files. What stands in none of the sets any more is forgotten. */
  const sets = new Map<string, Map<string, Known>>();
  return (inputs, set) => {
    const now = new Map<string, Known>();
    for (const { name, text } of inputs) {
      const known = [...sets.values()].map(files => files.get(name)).find(it => it?.text === text);
      now.set(name, known ?? readFile(name, text));
    }
    // What is opened stands in place of all that was.
    if (set === 'open') sets.clear();
    sets.set(set, now);
    const all = [...now.values()];
    return {
      documents: all.flatMap(it => it.documents),
      problems: all.flatMap(it => it.problems),
      withoutPolicies: [...now].filter(([, { holdsOthers }]) => holdsOthers).map(([name]) => name),
    };
  };
}

function readFile(name: string, text: string): Known {
  const { documents, problems } = readDocuments(text, name);
  return { text, documents, problems, holdsOthers: documents.length > 0 && !documents.some(isPolicyDocument) };
}
