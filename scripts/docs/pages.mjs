/**
 * A page a command: the reference of the program (src/cli/reference.ts) -> docs/commands/*.md.
 *
 * Commands inside of a command stand on its page.
 */
import { EXIT_CODES } from '../../dist/cli/errors.js';

const MADE = '<!-- Made by npm run docs from what the command says under --help: change it there. -->';

/** File -> text. */
export function commandPages(program) {
  const commands = program.commands.filter(({ path }) => path[0] !== 'help');
  return new Map([
    ['docs/commands/README.md', overview(program, commands)],
    ...commands.map(command => [`docs/commands/${command.path[0]}.md`, page(command)]),
  ]);
}

function overview(program, commands) {
  return text(
    '# Commands',
    MADE,
    program.description,
    table(
      ['command', ''],
      commands.map(({ path, summary }) => [`[\`policap ${path[0]}\`](${path[0]}.md)`, summary]),
    ),
    '## Options of every command',
    options(program.options),
    'Options that are always the same can stand in [policap.yaml](../config.md).',
    ...parts(
      program.help.filter(({ title }) => title !== 'Exit codes'),
      '##',
    ),
    '## Exit codes',
    table(
      ['code', ''],
      EXIT_CODES.map(([code, meaning]) => [String(code), meaning]),
    ),
    'The manual page says the same: `man docs/man/policap.1`.',
  );
}

const page = command =>
  text(
    `# policap ${command.path.join(' ')}`,
    MADE,
    ...body(command, '##'),
    ...command.commands
      .filter(({ path }) => path.at(-1) !== 'help')
      .flatMap(inner => [`## policap ${inner.path.join(' ')}`, ...body(inner, '###')]),
    'Options of every command, and exit codes: [commands](README.md).',
  );

/** @param heading of its sections */
function body(command, heading) {
  const own = command.options.filter(({ names }) => !names.includes('--help'));
  return [
    sentence(command.description),
    block([command.usage]),
    ...(command.arguments.length > 0
      ? [
          table(
            ['argument', ''],
            command.arguments.map(({ name, description }) => [`\`${name}\``, description]),
          ),
        ]
      : []),
    ...(own.length > 0 ? [`${heading} Options`, options(own)] : []),
    ...parts(command.help, heading),
  ];
}

const sentence = line => `${line[0].toUpperCase()}${line.slice(1)}${line.endsWith('.') ? '' : '.'}`;

const options = list =>
  table(
    ['option', ''],
    list.map(({ flags, description }) => [`\`${flags}\``, description]),
  );

const parts = (help, heading) =>
  help.flatMap(part =>
    typeof part === 'string' ? [part] : [`${heading} ${part.title}`, ...part.examples.reduce(withExample, [])],
  );

/** Commands that need no word stand together. */
function withExample(blocks, { command, says }) {
  const last = blocks.at(-1);
  if (says !== '') return [...blocks, `${says[0].toUpperCase()}${says.slice(1)}:`, block([command])];
  if (!last?.startsWith(FENCE) || blocks.at(-2)?.endsWith(':')) return [...blocks, block([command])];
  return [...blocks.slice(0, -1), last.replace(/\n```$/, `\n${command}\n\`\`\``)];
}

const FENCE = '```sh';

const block = lines => [FENCE, ...lines, '```'].join('\n');

const cell = value => value.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const table = (head, rows) =>
  [
    head,
    head.map(() => '---'),
    ...rows.map(row => row.map(value => (value.startsWith('`') ? value.replaceAll('|', '\\|') : cell(value)))),
  ]
    .map(row => `| ${row.join(' | ')} |`)
    .join('\n');

const text = (...blocks) => `${blocks.join('\n\n')}\n`;
