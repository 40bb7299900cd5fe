/**
 * A suggestion in memory: objects and frames in, a Suggestion and its policies as compiled documents out.
 */
import { type Compiled, compile } from '../../src/compile.js';
import type { KubernetesDocument } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';
import type { ProfileName } from '../../src/profile/profile.js';
import { prepare } from '../../src/suggest/observe.js';
import { policiesYaml } from '../../src/suggest/print.js';
import { type Suggestion, type SuggestOptions, suggest } from '../../src/suggest.js';
import { sourceOf } from '../support/frames.js';

export interface Asked {
  readonly profile?: ProfileName;
  readonly existing?: readonly KubernetesDocument[];
  readonly options?: Partial<SuggestOptions>;
}

export interface SuggestedRun {
  readonly suggestion: Suggestion;
  readonly yaml: string;
  /** The cluster, the existing policies, and the suggested ones as they were printed. */
  readonly compiled: Compiled;
  readonly documents: readonly KubernetesDocument[];
}

export const documentsOf = (objects: readonly object[], file = 'cluster.json'): readonly KubernetesDocument[] =>
  readDocuments(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), file).documents;

export async function runSuggestion(
  objects: readonly object[],
  frames: readonly Uint8Array[],
  { profile, existing = [], options = {} }: Asked = {},
): Promise<SuggestedRun> {
  const documents = [...documentsOf(objects), ...existing];
  const { observing, problems } = prepare(documents, { profile });
  if (observing === null) throw new Error(JSON.stringify(problems));
  const open = () => ({ source: sourceOf(frames), fastPath: null });
  const suggestion = await suggest(open(), observing, documents, {
    replay: { captures: ['test'], maxConnections: 4096 },
    limits: { recent: 1024, groups: 1024 },
    oneWay: false,
    merge: existing.length > 0,
    compile: { profile },
    reopen: async () => open(),
    blocks: { most: 16, length: { 4: 32, 6: 128 } },
    defaultDeny: false,
    ...options,
  });
  const yaml = policiesYaml(suggestion.policies, ['test']);
  const read = readDocuments(yaml, 'suggestion.yaml');
  const result = compile([...documents, ...read.documents], { profile: observing.isolated.profile.name });
  const errors = [...read.problems, ...result.problems].filter(({ severity }) => severity === 'error');
  if (result.compiled === null || errors.length > 0) throw new Error(`${JSON.stringify(errors)}\n${yaml}`);
  return { suggestion, yaml, compiled: result.compiled, documents: read.documents };
}
