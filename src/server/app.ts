/**
 * The routes: what each path answers, once the guard has let the request pass.
 *
 *   GET /api/workspace      json (workspace.ts)
 *   GET /api/captures/N     bytes, by index alone: only what was named on the command line
 *   GET /api/...            404
 *   GET /...                a file of the page
 *
 * An error of the api is json: {"error": "a sentence"}; 422 where a file of the user's cannot be read, 500 for our faults.
 */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { sendCapture } from './captures.js';
import { readPageFile } from './page.js';
import { Unreadable, type Workspace } from './workspace.js';

export interface Served {
  /** The folder of the page's files. */
  readonly page: string;
  /** Paths on disk, in the order of the workspace's captures. */
  readonly captures: readonly string[];
  /** Reads the documents anew. @throws Unreadable */
  readonly workspace: () => Workspace;
  /** Is told of what only policap's authors can mend. */
  readonly onFault: (error: Error) => void;
}

export function createApp({ page, captures, workspace, onFault }: Served): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();

  app.get('/api/workspace', context => context.json(workspace()));

  app.get('/api/captures/:index{0|[1-9][0-9]*}', async context => {
    const index = context.req.param('index');
    const path = captures[Number(index)];
    if (path === undefined) return context.json({ error: `no capture ${index} was named on the command line` }, 404);
    await sendCapture(path, context.env.incoming, context.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });

  app.all('/api/*', context => context.json({ error: 'there is nothing here' }, 404));

  app.get('*', async context => {
    const file = await readPageFile(page, context.req.path);
    return file === null ? context.notFound() : context.body(file.bytes, 200, { 'Content-Type': file.type });
  });

  app.notFound(context => context.body(null, 404));

  app.onError((error, context) => {
    if (error instanceof Unreadable) return context.json({ error: error.message }, 422);
    onFault(error);
    return context.json({ error: `a fault of policap: ${error.message}` }, 500);
  });
  return app;
}
