/** What readers warn of in policies: fields that nobody reads, values that are read in an unexpected way. */
import { formatPosition } from '../../documents/document.js';
import { type DialectObject, isMeshDialect } from '../../policy/dialects.js';
import { profileWarnings } from '../../rules/profile-warnings.js';
import { type Check, KINDS } from '../check.js';

export const document: Check = {
  id: 'document',
  severity: 'warning',
  title: 'a field that is not known, has no effect, or is read in another way than it looks',
  needsCluster: false,
  kinds: KINDS,
  *find({ compiled: { policies, objects, profile }, warnings }) {
    // These are told by the checks that are about the plugin.
    const others = new Set(
      profileWarnings(policies, profile).map(({ position, message }) => `${formatPosition(position)} ${message}`),
    );
    const given = Object.entries(objects) as [string, readonly DialectObject[]][];
    const leftOut = new Set(
      given
        .filter(([dialect]) => !isMeshDialect(dialect) && !profile.enforces.includes(dialect))
        .flatMap(([, all]) => all.map(({ position }) => formatPosition(position))),
    );
    for (const [{ kind, namespace, name, position: start }, problems] of warnings) {
      if (leftOut.has(formatPosition(start))) continue;
      for (const { position, message, hint = '' } of problems) {
        if (others.has(`${formatPosition(position)} ${message}`)) continue;
        yield { position, about: `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`, message, fix: hint };
      }
    }
  },
};
