/**
 * What the page is told to open: the command line -> a Workspace, read from disk at each call.
 *
 * What can be read only once (standard input, a pipe of the shell) is kept from the first call.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { formatPosition } from '../documents/document.js';
import { openSource, Source } from '../documents/source.js';
import { reason, SourceError } from '../node/sources.js';
import { Unreadable, type Workspace, type WorkspaceCapture, type WorkspaceDocument } from '../server/workspace.js';
import { filesOf, type InputFile, once, readFile } from './documents.js';
import { UsageError } from './errors.js';
import type { Terminal } from './terminal.js';
import type { UiCommandOptions } from './ui-command.js';

/** As of every command that reads documents (documents/read.ts). */
const MOST_BYTES = 256 * 1024 * 1024;

/** The reader throws UsageError, SourceError, Unreadable */
export function workspaceReader(
  captures: readonly string[],
  options: UiCommandOptions,
  terminal: Pick<Terminal, 'readInput'>,
): () => Workspace {
  const stdin = once(() => terminal.readInput());
  const kept = new Map<string, InputFile>();
  const read = (path: string): InputFile => {
    const before = kept.get(path);
    if (before !== undefined) return before;
    const file = readFile(path, stdin);
    if (path === '-' || !statSync(path).isFile()) kept.set(path, file);
    return file;
  };
  return () => {
    const seen = new Set<string>();
    const documents = (role: WorkspaceDocument['role'], paths: readonly string[] = []): WorkspaceDocument[] =>
      filesOf(paths, seen).map(path => document(read(path), role));
    return {
      schema: 'policap.workspace/1',
      captures: captures.map(captureAt),
      documents: [...documents('policies', options.policies), ...documents('cluster', options.cluster)],
      options: {
        profile: options.profile ?? null,
        mode: options.mode,
        staged: options.staged === true,
        conntrack: options.conntrack ?? null,
        timeouts: options.timeout ?? {},
        maxConnections: options.maxConnections ?? null,
        tunnels: options.tunnels,
        duplicates: options.duplicates,
      },
    };
  };
}

function document({ name, bytes }: InputFile, role: WorkspaceDocument['role']): WorkspaceDocument {
  const source = openSource(bytes, name, MOST_BYTES);
  if (source instanceof Source) return { name, text: source.text, role };
  // What is no text cannot be sent as one; whatever else is wrong, the page says.
  const { position, message, hint } = source;
  throw new Unreadable(`${formatPosition(position)}: ${message}${hint === undefined ? '' : `; ${hint}`}`);
}

function captureAt(path: string, index: number): WorkspaceCapture {
  if (path === '-')
    throw new UsageError(
      'standard input cannot be a capture of the page, which reads it more than once',
      'write it to a file, and name that',
    );
  const status = statusOf(path);
  if (status.isDirectory()) throw new SourceError(`${path}: is a directory; name the captures in it`);
  if (!status.isFile()) throw new SourceError(`${path}: is no file; the page reads it more than once`);
  return { name: path, size: status.size, url: `api/captures/${index}` };
}

function statusOf(path: string) {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path);
  } catch (error) {
    throw new SourceError(`${path}: ${reason(error)}`);
  }
}
