/** What the readers of policies warn of: fields that nobody knows, values that are read in an unexpected way. */
import { formatPosition } from '../../documents/document.js';
import { type Check, KINDS } from '../check.js';
import { dialectsLeftOut } from '../problems.js';

export const document: Check = {
  id: 'document',
  severity: 'warning',
  title: 'a field that is not known, has no effect, or is read in another way than it looks',
  needsCluster: false,
  kinds: KINDS,
  *find({ compiled, readerWarnings }) {
    const leftOut = dialectsLeftOut(compiled);
    for (const [{ kind, namespace, name, position: start }, problems] of readerWarnings) {
      // That nobody enforces it is told by another check.
      if (leftOut.has(formatPosition(start))) continue;
      for (const { position, message, hint = '' } of problems) {
        yield { position, about: `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`, message, fix: hint };
      }
    }
  },
};
