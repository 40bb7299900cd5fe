/**
 * Comments that silence findings (cold): `# policap-ignore: ID` on the finding's line, or on a line of its own above it.
 *
 * In:  the text of the files.  Out: whether a finding is silenced. Several ids stand behind one another, with commas; what
 * follows behind ` - ` is the reason, for people.
 */
import type { Finding } from './finding.js';

const COMMENT = /(?:^|\s)#\s*policap-ignore:\s*([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)/;

export function createSilence(texts: ReadonlyMap<string, string>): (finding: Finding) => boolean {
  const files = new Map<string, ReadonlyMap<number, readonly string[]>>();

  function commentsOf(file: string): ReadonlyMap<number, readonly string[]> {
    let found = files.get(file);
    if (found === undefined) {
      found = readComments(texts.get(file) ?? '');
      files.set(file, found);
    }
    return found;
  }

  return ({ check, position }) => commentsOf(position.file).get(position.line)?.includes(check) === true;
}

/** Line -> what is silenced there. Comments above one another all belong to the line below them. */
function readComments(text: string): ReadonlyMap<number, readonly string[]> {
  const silenced = new Map<number, readonly string[]>();
  if (!text.includes('policap-ignore')) return silenced;
  let above: string[] = [];
  text.split('\n').forEach((line, i) => {
    const ids = (COMMENT.exec(line)?.[1] ?? '').split(/\s*,\s*/).filter(id => id !== '');
    if (/^\s*#/.test(line)) {
      above.push(...ids);
      return;
    }
    if (above.length + ids.length > 0) silenced.set(i + 1, [...above, ...ids]);
    above = [];
  });
  return silenced;
}
