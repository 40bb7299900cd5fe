/**
 * policap completion on the command line: its help. The scripts (completion.ts) are loaded when they are asked for.
 */
import { Argument, Command } from 'commander';
import { EXIT_DONE } from './errors.js';
import type { Finish } from './main.js';
import type { Terminal } from './terminal.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const HELP = `
Examples:
  source <(policap completion bash)
      in ~/.bashrc; the same with zsh in ~/.zshrc, behind compinit
  policap completion zsh > "\${fpath[1]}/_policap"
      or once, into a folder that zsh reads
  policap completion fish > ~/.config/fish/completions/policap.fish
`;

export function completionCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('completion')
    .summary('a script that completes commands and options')
    .description('Prints a completion script for a shell: commands, options, their values and files.')
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices([...SHELLS]))
    .addHelpText('after', HELP)
    .action(async (shell: Shell, _options: unknown, called: Command) => {
      const { completionScript } = await import('./completion.js');
      terminal.write(completionScript(shell, called.parent ?? called));
      finish(EXIT_DONE);
    });
}
