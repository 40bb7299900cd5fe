/**
 * What `policap ui` serves beside the page: the captures and documents that were named on its command line.
 *
 * In:  the token in the address that it printed (`#token=...`), or one that this browser was given before.  Out: the workspace, opened.
 * The fragment is sent nowhere; the token goes back to the server that printed it, and into this origin's storage, so that links of
 * the page work in a further tab. Without a token this is the static page, which asks nobody.
 */
import type { DocumentInput, Workspace, WorkspaceOptions } from '../worker/protocol.js';
import { go, link } from './link.js';
import { open, status } from './workspace.js';

const KEY = 'policap-token';

interface Served {
  readonly captures: readonly { readonly name: string; readonly url: string }[];
  readonly documents: readonly DocumentInput[];
  readonly options: WorkspaceOptions;
}

export async function openServed(): Promise<void> {
  const given = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (given !== undefined) localStorage.setItem(KEY, given);
  const token = given ?? (location.protocol === 'file:' ? null : localStorage.getItem(KEY));
  if (token === null) return;
  if (given !== undefined) go('open', {}, true);
  const authorization = `Bearer ${token}`;
  const served = await ask(authorization);
  if (served === null) return;
  const { captures, documents } = served;
  // null: the engine chooses.
  const options = Object.fromEntries(Object.entries(served.options).filter(([, value]) => value !== null));
  const workspace: Workspace = { captures: captures.map(it => ({ ...it, authorization })), documents, options };
  await open(workspace);
  if (status.value.is === 'ready' && link.value.view === 'open') go('replay', {}, true);
}

async function ask(authorization: string): Promise<Served | null> {
  const fail = (sentence: string): null => {
    status.value = { is: 'failed', sentence };
    return null;
  };
  const response = await fetch('api/workspace', { headers: { authorization } }).catch(() => null);
  if (response === null) return fail('The server does not answer: is policap ui still running?');
  if (response.status === 401) {
    localStorage.removeItem(KEY);
    return fail('This address has no access to the files that are served: open the one that policap ui printed.');
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer as Served;
  const { error } = (answer ?? {}) as { error?: string };
  return fail(error ?? `The server answers ${response.status} ${response.statusText}.`);
}
