/**
 * policap learn on the command line: its options and its help. What it does (learn.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import type { ColorChoice, Terminal } from './terminal.js';

export interface LearnCommandOptions {
  readonly dir: string;
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly hint?: boolean;
  readonly solution?: boolean;
  readonly output: 'text' | 'json';
  readonly color: ColorChoice;
}

const HELP = `
Each lesson is a real capture, a task, and a check of your policy or answer:
not of its text, but of what it does to the traffic.

Examples:
  policap learn
      the lessons, and which of them you have solved
  policap learn 1
      the story and the task; writes policap-lessons/01-the-default/
  policap learn 1 --check
      what is right, what is not, and why
  policap learn 1 --watch
      the same at every save; Ctrl-C ends it
  policap learn 1 --hint
      one more hint
  policap learn dns --solution > solution.yaml
      a lesson may be named by a part of its name, too

Files that are there are never written over. Your progress is what stands in
the folder: delete a lesson's folder to begin it again.

Exit: 0 solved, or nothing was to check; 1 not yet; 2 usage, or a wrong file.
`;

export function learnCommand(terminal: Terminal, finish: Finish): Command {
  return new Command('learn')
    .summary('a course, each lesson with a capture and a check')
    .description(
      'Teaches network policies and stateful filtering: tells a story, sets a task, checks what you make of it.',
    )
    .argument('[lesson]', 'its number, or a part of its name; without it all lessons are listed')
    .option('--dir <folder>', 'where your work is, a folder a lesson', 'policap-lessons')
    .option('--check', 'judge what stands in the folder')
    .option('--watch', 'judge it at every save')
    .option('--hint', 'one more hint')
    .option('--solution', 'print one right answer')
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .addHelpText('after', HELP)
    .action(async (lesson: string | undefined, _options: unknown, called: Command) => {
      const { runLearn } = await import('./learn.js');
      finish(await runLearn(lesson, called.optsWithGlobals<LearnCommandOptions>(), terminal));
    });
}
