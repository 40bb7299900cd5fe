/**
 * The configuration file on the command line: --config, --no-config, which file counts, and who wins.
 *
 * What the file says is set before a command reads its own options, so that these go before it: an option given on the
 * command line takes the place of the file's, lists included. What is judged comes from one place: where the command line
 * names policies or plain rules, those of the file are left out, both.
 * The file itself (config.ts) is read late: most runs have none.
 */
import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Command, Option } from 'commander';
import type { Setting, Settings } from './config.js';
import type { Terminal } from './terminal.js';

export const CONFIG_FILE = 'policap.yaml';
const TOGETHER = ['policies', 'rules'];
/** Where an option's value came from, beside commander's own `cli` and `default`. */
const SOURCE = 'config';

export function addConfigOptions(program: Command): void {
  program
    .addOption(
      new Option(
        '--config <file>',
        `settings for repeated options (default: ${CONFIG_FILE} in this directory or above, up to the repository's root)`,
      ),
    )
    .option('--no-config', `without ${CONFIG_FILE}`);
}

/** To be called when the program has all its commands. */
export function readConfigBefore(program: Command, terminal: Terminal): void {
  let settings: Settings | null = null;
  const prepare = async (parent: Command, command: Command): Promise<void> => {
    // Help is for those whose file is broken, too.
    if (parent.args.some(arg => arg === '-h' || arg === '--help')) return;
    if (parent === program) {
      settings = await readSettings(program, command);
      if (settings !== null) use(program, settings.get(program));
    }
    if (settings !== null) use(command, settings.get(command));
  };
  for (const parent of [program, ...program.commands].filter(({ commands }) => commands.length > 0))
    parent.hook('preSubcommand', prepare);
  program.hook('preAction', (_, command) => {
    if (settings === null || configOption(program) !== undefined) return;
    const keys = [command, program].flatMap(of => usedKeys(of, settings?.get(of)));
    if (keys.length > 0) terminal.say(`policap: ${keys.join(', ')} from ${settings.file} (--no-config goes without)`);
  });
}

const configOption = (program: Command): string | false | undefined => program.getOptionValue('config');

async function readSettings(program: Command, command: Command): Promise<Settings | null> {
  const asked = configOption(program);
  if (asked === false) return null;
  const found = asked ?? findConfig(process.cwd());
  if (found === null) return null;
  const { hasSettings, readConfig } = await import('./config.js');
  // A broken file is no reason to print no completion script.
  return hasSettings(command) ? readConfig(found, program) : null;
}

/** The file in a directory or the nearest one above it; above only inside of a repository. @returns relative to the directory */
export function findConfig(directory: string): string | null {
  let nearest: string | null = null;
  for (let at = directory; ; at = dirname(at)) {
    if (nearest === null && existsSync(join(at, CONFIG_FILE))) nearest = relative(directory, join(at, CONFIG_FILE));
    if (nearest === CONFIG_FILE || existsSync(join(at, '.git'))) return nearest;
    if (at === dirname(at)) return null;
  }
}

function use(command: Command, settings: readonly Setting[] = []): void {
  const set = settings.filter(({ option }) => command.getOptionValueSource(option.attributeName()) !== 'cli');
  for (const { option, value } of set) {
    command.setOptionValueWithSource(option.attributeName(), value, SOURCE);
    const name = option.attributeName();
    const names = TOGETHER.includes(name) ? TOGETHER : [name];
    for (const given of command.options.filter(it => names.includes(it.attributeName()))) {
      // Before commander's own listener, which adds to what is there.
      (command as unknown as EventEmitter).prependListener(`option:${given.name()}`, () => {
        if (command.getOptionValueSource(name) === SOURCE)
          command.setOptionValueWithSource(name, option.defaultValue, 'default');
      });
    }
  }
}

const usedKeys = (command: Command, settings: readonly Setting[] = []): string[] =>
  settings
    .filter(({ option }) => command.getOptionValueSource(option.attributeName()) === SOURCE)
    .map(({ key }) => key);
