/**
 * -p, -c and --rules: paths -> documents -> what was compiled.
 *
 * In:  files, directories (read recursively: *.yaml, *.yml, *.json, in the order of their names) and `-` (standard
 * input). Both options may name the same files: each file is read once, and each kind goes where it belongs.
 * Out: Compiled, or a DocumentError with every error of every document. Warnings go to stderr.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Compiled, type CompileOptions, compile } from '../compile.js';
import { formatPosition, type KubernetesDocument, type Problem } from '../documents/document.js';
import { readDocuments } from '../documents/read.js';
import { loadFastPath } from '../node/fast-path.js';
import type { ProfileName } from '../profile/profile.js';
import type { Style } from '../report/style.js';
import { DocumentError, problemCount, problemLines, UsageError } from './errors.js';
import type { Terminal } from './terminal.js';

export interface InputOptions {
  readonly policies?: readonly string[];
  readonly cluster?: readonly string[];
  readonly rules?: readonly string[];
  readonly profile?: ProfileName;
  readonly staged?: boolean;
}

export interface InputFile {
  /** As it stands in every position. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const DOCUMENT = /\.(ya?ml|json)$/i;
/** Warnings shown one by one; the rest is counted. */
const WARNINGS_SHOWN = 20;

type Options = Pick<CompileOptions, 'engine' | 'fastPath'>;

/** Reads and compiles everything that was named. @throws UsageError, DocumentError */
export function compileInput(input: InputOptions, terminal: Terminal, style: Style, options: Options = {}): Compiled {
  const [compiled] = compileAll(input, [{ profile: input.profile }], terminal, style, options);
  return compiled!;
}

/** The same as several plugins enforce it: one a profile. @throws UsageError, DocumentError */
export const compileInputs = (
  input: InputOptions,
  profiles: readonly ProfileName[],
  terminal: Terminal,
  style: Style,
): Compiled[] =>
  compileAll(
    input,
    profiles.map(profile => ({ profile })),
    terminal,
    style,
    {},
  );

/**
 * The same with further documents each: one a list of their paths. A further document replaces the one of its kind and name,
 * as if it were applied. @throws UsageError, DocumentError
 */
export const compileSides = (
  input: InputOptions,
  sides: readonly (readonly string[])[],
  terminal: Terminal,
  style: Style,
  options: Options = {},
): Compiled[] =>
  compileAll(
    input,
    sides.map(further => ({ profile: input.profile, further })),
    terminal,
    style,
    options,
  );

interface Variant {
  readonly profile: ProfileName | undefined;
  readonly further?: readonly string[];
}

/** Every document that was named, as it was read. */
export interface ReadInput {
  readonly documents: readonly KubernetesDocument[];
  readonly problems: readonly Problem[];
  readonly files: readonly InputFile[];
  readonly stdin: () => Uint8Array;
}

/** @throws UsageError where nothing is named, or a file cannot be read */
export function readInput(input: InputOptions, terminal: Terminal): ReadInput {
  const paths = pathsOf(input);
  if (paths.length === 0 && (input.rules ?? []).length === 0) throw nothingNamed();
  const stdin = once(() => terminal.readInput());
  return { ...readPaths(paths, stdin), stdin };
}

const pathsOf = ({ policies, cluster }: InputOptions): string[] => [...(policies ?? []), ...(cluster ?? [])];

const nothingNamed = (): UsageError =>
  new UsageError(
    'no policies: name files or directories with -p (and the cluster with -c), or plain rules with --rules',
    'kubectl get netpol -A -o yaml > policies.yaml; kubectl get ns,nodes,pods,svc,endpointslices -A -o yaml > cluster.yaml',
  );

function compileAll(
  input: InputOptions,
  variants: readonly Variant[],
  terminal: Terminal,
  style: Style,
  options: Options,
): Compiled[] {
  const paths = pathsOf(input);
  const rulePaths = input.rules ?? [];
  if (paths.length === 0 && rulePaths.length === 0 && !variants.some(({ further }) => further?.length))
    throw nothingNamed();
  const stdin = once(() => terminal.readInput());
  const common = readPaths(paths, stdin);
  const decoder = new TextDecoder();
  const ruleFiles = readFiles(rulePaths, stdin).map(({ name, bytes }) => ({ file: name, text: decoder.decode(bytes) }));
  const fastPath = options.fastPath ?? (ruleFiles.length > 0 ? loadFastPath(terminal.environment) : null);
  const shown = new Map<string, Problem>();
  const all = variants.map(({ profile, further }) => {
    const own = further === undefined ? common : withFurther(common, readPaths(further, stdin));
    const result = compile(own.documents, { ...options, profile, staged: input.staged, ruleFiles, fastPath });
    const problems = [...own.problems, ...result.problems];
    if (result.compiled === null || problems.some(({ severity }) => severity === 'error')) {
      throw new DocumentError(problems);
    }
    // What several warn of is said once.
    for (const problem of problems) shown.set(`${formatPosition(problem.position)} ${problem.message}`, problem);
    return { ...result.compiled, problems };
  });
  showWarnings(variants.length === 1 ? all[0]!.problems : [...shown.values()], terminal, style);
  return all;
}

type ReadDocuments = Omit<ReadInput, 'stdin'>;

/** The documents of files and directories, and what is wrong with them. */
export function readPaths(paths: readonly string[], stdin: () => Uint8Array): ReadDocuments {
  const documents: KubernetesDocument[] = [];
  const problems: Problem[] = [];
  const files = readFiles(paths, stdin);
  for (const { name, bytes } of files) {
    const read = readDocuments(bytes, name);
    for (const document of read.documents) documents.push(document);
    problems.push(...read.problems);
  }
  return { documents, problems, files };
}

/** What `kubectl apply` goes by: the group, the kind, the namespace and the name. */
const identityOf = ({ apiVersion, kind, namespace, name }: KubernetesDocument): string =>
  [apiVersion.replace(/(^|\/)[^/]*$/, ''), kind, namespace || 'default', name].join(' ');

function withFurther(common: ReadDocuments, further: ReadDocuments): ReadDocuments {
  const replaced = new Set(further.documents.filter(({ name }) => name !== '').map(identityOf));
  return {
    documents: [...common.documents.filter(it => !replaced.has(identityOf(it))), ...further.documents],
    problems: [...common.problems, ...further.problems],
    files: [...common.files, ...further.files],
  };
}

export function showWarnings(problems: readonly Problem[], terminal: Terminal, style: Style): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, WARNINGS_SHOWN);
  terminal.say(problemLines(shown, style).join('\n'));
  if (problems.length > shown.length) terminal.say(`and ${problemCount(problems.slice(shown.length))} more`);
}

export const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

/** What the paths name, each file once. @param stdin of what `-` stands for */
export const readFiles = (paths: readonly string[], stdin: () => Uint8Array): InputFile[] =>
  filesOf(paths).map(path => readFile(path, stdin));

/** The files that the paths name, `-` among them. @param seen of earlier calls: what was named there is left out */
export function filesOf(paths: readonly string[], seen: Set<string> = new Set()): string[] {
  return paths.flatMap(expand).filter(path => {
    const identity = path === '-' ? path : realpathSync(path);
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

export function readFile(path: string, stdin: () => Uint8Array): InputFile {
  if (path === '-') return { name: '<stdin>', bytes: stdin() };
  try {
    return { name: path, bytes: readFileSync(path) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A directory -> its documents, and its directories', by name. */
function expand(path: string): string[] {
  if (path === '-') return [path];
  try {
    if (!statSync(path).isDirectory()) return [path];
    const found = walk(path);
    if (found.length > 0) return found;
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new UsageError(`${path}: no *.yaml, *.yml or *.json in this directory`);
}

function walk(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return walk(path);
      const isFile = entry.isFile() || (entry.isSymbolicLink() && statSync(path).isFile());
      return isFile && DOCUMENT.test(entry.name) ? [path] : [];
    });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'too many symbolic links',
};

function unreadable(path: string, error: unknown): UsageError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new UsageError(`${path}: ${REASONS[code] ?? message}`);
}
