/**
 * policap ui: a page in the browser, served to this machine until Ctrl-C.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConntrackKind } from '../flow/kinds.js';
import { openBrowser } from '../node/browser.js';
import { reason, SourceError } from '../node/sources.js';
import { PROFILES } from '../profile/index.js';
import { plural } from '../report/style.js';
import { type Serving, serve } from '../server/serve.js';
import { Unreadable, type Workspace } from '../server/workspace.js';
import { EXIT_DONE, UsageError } from './errors.js';
import { checkConntrack, checkTimeoutsOf } from './options.js';
import { styleFor, type Terminal } from './terminal.js';
import type { UiCommandOptions } from './ui-command.js';
import { workspaceReader } from './ui-workspace.js';

export async function runUi(
  captures: readonly string[],
  options: UiCommandOptions,
  terminal: Terminal,
): Promise<number> {
  check(options);
  const page = pageFolder(terminal.environment);
  const read = workspaceReader(captures, options, terminal);
  const first = askedOnCommandLine(read);
  const style = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const warn = (text: string): void => terminal.say(`policap: ${style('yellow', 'warning:')} ${text}`);
  let release = (): void => {};
  const ended = new Promise<void>(resolve => {
    release = terminal.onInterrupt(resolve, ['SIGTERM']);
  });
  try {
    const serving = await listen(options.port, {
      page,
      captures,
      workspace: () => askedByPage(read),
      onFault: error => {
        warn(`a fault of policap: ${error.message}`);
        if (terminal.environment['POLICAP_DEBUG']) terminal.say(error.stack ?? '');
      },
    });
    terminal.write(`${serving.address}\n`);
    terminal.say(servedText(first));
    if (options.open) openBrowser(serving.address, why => warn(`the browser was not opened: ${why}`));
    await ended;
    await serving.close();
  } finally {
    release();
  }
  return EXIT_DONE;
}

/** What can be told before the documents are compiled, which the page does. */
function check({ conntrack, profile, timeout }: UiCommandOptions): void {
  checkConntrack(conntrack);
  const kind = conntrack ?? (profile && PROFILES[profile].conntrack);
  if (kind === undefined) return;
  const why = conntrack === undefined ? ` (of profile ${profile})` : '';
  checkTimeoutsOf([{ kind: kind as ConntrackKind, why }], timeout);
}

/** POLICAP_PAGE names another folder, for whoever works on the page. */
function pageFolder(environment: Terminal['environment']): string {
  const folder = environment['POLICAP_PAGE'] || fileURLToPath(new URL('../web', import.meta.url));
  if (existsSync(join(folder, 'index.html'))) return folder;
  throw new UsageError(`${folder}: the page is not built`, 'npm run build:web builds it');
}

function askedOnCommandLine(read: () => Workspace): Workspace {
  try {
    return read();
  } catch (error) {
    throw error instanceof Unreadable ? new UsageError(error.message) : error;
  }
}

function askedByPage(read: () => Workspace): Workspace {
  try {
    return read();
  } catch (error) {
    const isTheirs = error instanceof UsageError || error instanceof SourceError || 'syscall' in (error as object);
    throw isTheirs ? new Unreadable((error as Error).message) : error;
  }
}

const PORT_HINTS: Readonly<Record<string, string>> = { EADDRINUSE: 'name another one', EACCES: 'name one from 1024' };

async function listen(port: number, served: Parameters<typeof serve>[0]): Promise<Serving> {
  try {
    return await serve(served, port);
  } catch (error) {
    const next = PORT_HINTS[(error as NodeJS.ErrnoException).code ?? ''];
    if (next === undefined) throw error;
    throw new UsageError(`--port ${port}: ${reason(error)}`, `${next}, or none for any free one`);
  }
}

function servedText({ captures, documents }: Workspace): string {
  const what =
    captures.length + documents.length === 0
      ? 'the page without files,'
      : `${plural(captures.length, 'capture')} and ${plural(documents.length, 'document')}`;
  return `policap: serving ${what} to this machine alone; nothing is sent anywhere. Ctrl-C ends it.`;
}
