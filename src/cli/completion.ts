/**
 * Completion scripts: the program -> what a shell offers at each place of its command line.
 *
 * All three scripts do the same: they walk the words before the cursor, and know by then the command, and the option
 * whose value is due. Then they offer its words or files, or the command's options, commands and files. Nothing is run
 * to complete: the scripts hold everything, and are printed anew when policap changes.
 */
import type { Command } from 'commander';
import { bashCompletion } from './completion-bash.js';
import type { Shell } from './completion-command.js';
import { fishCompletion } from './completion-fish.js';
import { type Place, placesOf } from './completion-places.js';
import { zshCompletion } from './completion-zsh.js';
import { referenceOf } from './reference.js';

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completionScript = (shell: Shell, program: Command): string =>
  SCRIPTS[shell](placesOf(referenceOf(program)));
