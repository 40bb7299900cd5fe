/**
 * What a command says before anything else, and findings of `--fail-on` that are about the policies as a whole.
 */
import type { Compiled } from '../compile.js';
import { type DialectObject, isMeshDialect } from '../policy/dialects.js';
import { noticeOf, type Profile } from '../profile/profile.js';
import type { Style } from '../report/style.js';

/** A line, or nothing. */
export function noticeText(profile: Profile, style: Style): string {
  const notice = noticeOf(profile);
  return notice === null ? '' : `${style('red', style('bold', notice))}\n`;
}

/** `--fail-on unenforced`: the plugin enforces nothing, or not some of the kinds of policies that were given. */
export function isUnenforced({ profile, objects }: Pick<Compiled, 'profile' | 'objects'>): boolean {
  const given = Object.entries(objects) as [string, readonly DialectObject[]][];
  const isLeftOut = given.some(
    ([dialect, all]) => all.length > 0 && !isMeshDialect(dialect) && !profile.enforces.includes(dialect),
  );
  return noticeOf(profile) !== null || isLeftOut;
}
