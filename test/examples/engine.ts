/**
 * An example -> what was compiled from it: the way the command line takes, from the files' bytes.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { type Case, EXAMPLES } from './cases.js';

/** @throws with every problem of the input: an example has none, not even a warning that it does not expect */
export function compileCase(example: Case, enforced = true, engine: 'tree' | 'linear' = 'tree'): Compiled {
  const files = [...(enforced ? example.policyFiles : []), join(example.folder, 'cluster.yaml')];
  const read = files.map(file => readDocuments(readFileSync(file), `examples/${relative(EXAMPLES, file)}`));
  const { compiled, problems } = compile(
    read.flatMap(({ documents }) => documents),
    { engine },
  );
  const all = [...read.flatMap(file => file.problems), ...problems];
  const { warnings = [] } = enforced ? example.expected : {};
  const isExpected = all.length === warnings.length && all.every(({ message }, i) => message.includes(warnings[i]!));
  if (compiled === null || !isExpected) {
    const lines = all.map(({ position: { file, line }, message }) => `${file}:${line}: ${message}`);
    throw new Error(`${example.name} does not compile cleanly:\n${lines.join('\n')}`);
  }
  return compiled;
}
