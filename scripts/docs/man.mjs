/**
 * The manual page: the reference of the program (src/cli/reference.ts) -> roff, man(7) macros.
 */
import { EXIT_CODES } from '../../dist/cli/errors.js';

const ENVIRONMENT = [
  ['NO_COLOR', 'Where it is set and not empty, nothing is coloured; --color goes before it.'],
  ['POLICAP_WASM', '0 runs plain JavaScript instead of WebAssembly, with the same results.'],
  ['POLICAP_DEBUG', '1 prints where in the program an internal error came from.'],
];

const FILES = [
  [
    'policap.yaml',
    'Settings for repeated options, in the working directory or above it, up to the root of the repository.',
  ],
];

/** Without a date: the same program is the same page. */
export function manualPage(program, version) {
  const commands = program.commands.filter(({ path }) => path[0] !== 'help');
  const lines = [
    '.\\" Made by npm run docs from what the commands say under --help: change it there.',
    `.TH POLICAP 1 "" "policap ${version}" "User Commands"`,
    '.SH NAME',
    ...filled(`policap - ${lowered(program.description)}`),
    '.SH SYNOPSIS',
    ...commands.flatMap(synopsis),
    '.SH DESCRIPTION',
    ...paragraph(program.description),
    ...program.help.filter(({ title }) => title !== 'Examples' && title !== 'Exit codes').flatMap(titled),
    '.SH COMMANDS',
    ...commands.flatMap(section),
    '.SH OPTIONS',
    ...paragraph('Every command takes these:'),
    ...program.options.flatMap(option),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => item(String(code), `${meaning[0].toUpperCase()}${meaning.slice(1)}.`)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, meaning]) => item(name, meaning)),
    '.SH FILES',
    ...FILES.flatMap(([name, meaning]) => item(name, meaning)),
    '.SH EXAMPLES',
    ...program.help.filter(({ title }) => title === 'Examples').flatMap(({ examples }) => examples.flatMap(example)),
    '.SH SEE ALSO',
    '.BR kubectl (1),',
    '.BR tcpdump (8),',
    '.BR wireshark (1)',
  ];
  return `${lines.filter((line, i) => !isIdle(line, lines[i - 1], lines[i + 1])).join('\n')}\n`;
}

/** A paragraph begins behind a heading anyway, and a line ends before one. */
const isIdle = (line, before = '', after = '') =>
  (line === '.PP' && /^\.S[HS] /.test(before)) || (line === '.br' && after.startsWith('.SH '));

const lowered = text => `${text[0].toLowerCase()}${text.slice(1).replace(/\.$/, '')}`;

const leaves = command => {
  const inner = command.commands.filter(({ path }) => path.at(-1) !== 'help');
  return inner.length === 0 ? [command] : inner;
};

const synopsis = command =>
  leaves(command).flatMap(({ usage, path }) => {
    const name = `policap ${path.join(' ')}`;
    return [`.B ${plain(name)}`, plain(usage.slice(name.length).trim()), '.br'];
  });

function section(command) {
  const inner = command.commands.filter(({ path }) => path.at(-1) !== 'help');
  return [
    `.SS policap ${plain(command.path.join(' '))}`,
    ...paragraph(command.description),
    ...command.arguments.flatMap(({ name, description }) => item(name, description)),
    ...command.options.filter(({ names }) => !names.includes('--help')).flatMap(option),
    ...command.help.flatMap(part => (typeof part === 'string' ? paragraph(part) : titled(part))),
    ...inner.flatMap(section),
  ];
}

const paragraph = text => ['.PP', ...filled(text)];

const item = (name, text) => ['.TP', `.B ${plain(name)}`, ...filled(text)];

/** Lines of at most 80 characters, broken between words. */
function filled(text) {
  const lines = [];
  for (const word of plain(text).split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= 80) lines[lines.length - 1] = longer;
    else lines.push(word.replace(/^([.'])/, '\\&$1'));
  }
  return lines;
}

const option = ({ flags, description }) => item(flags, description);

const titled = ({ title, examples }) => ['.PP', `${plain(title)}:`, ...examples.flatMap(example)];

/** What it is for, and below it what to type. */
const example = ({ command, says }) => [
  '.PP',
  ...(says === '' ? [] : [...filled(`${says[0].toUpperCase()}${says.slice(1)}:`), '.PP']),
  '.RS 4',
  '.nf',
  ...command.split('\n').map(plain),
  '.fi',
  '.RE',
];

/** Roff's own characters, and those that a terminal may not have. */
const plain = text =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
    .replace(/[^\x20-\x7e]/gu, c => `\\[u${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`);
