/**
 * The runs that a page shows: each console block is run again.
 *
 * In:  Markdown.  Out: the same with what the commands print now, standard error among it, as on a terminal. Where only times
 * differ, the old text stays. Commands run in bash in a folder that has the project's bin, pcaps and examples, and is
 * thrown away with all they write. A command whose point is another exit code than 0 prints it itself.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BLOCK = /```console\n\$ ((?:.*\\\n)*.*)\n([\s\S]*?)```/g;

/** Times are different every time. */
export const withoutTimes = text =>
  text
    .replace(/judged in [^;]*;/g, 'judged;')
    .replace(/compiled in .*/g, 'compiled')
    .replace(/"(compileMs|replayMs|packetsPerSecond)": [\d.]+/g, '"$1"');

export function withFreshRuns(page, root) {
  const folder = mkdtempSync(join(tmpdir(), 'policap-docs-'));
  for (const name of ['bin', 'pcaps', 'examples']) symlinkSync(join(root, name), join(folder, name));
  try {
    return withRunsIn(page, folder, process.env);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same in a folder that is there already. */
export const withRunsIn = (page, folder, env) =>
  page.replace(BLOCK, (block, command, before) => {
    const now = run(command, folder, env);
    return withoutTimes(now) === withoutTimes(before) ? block : `\`\`\`console\n$ ${command}\n${now}\`\`\``;
  });

function run(command, cwd, env) {
  const { stdout, status } = spawnSync('bash', ['-o', 'pipefail', '-c', `exec 2>&1\n${command}`], {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`ended with ${status}: ${command}\n${stdout}`);
  return stdout;
}
