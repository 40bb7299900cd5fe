/**
 * The server behind `policap ui`: a socket on 127.0.0.1, the guard, the routes.
 *
 * In:  what is served, and a port (0: any free one).  Out: the address with its token, and how to end it.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createApp, type Served } from './app.js';
import { createGuard } from './guard.js';
import { headersFor } from './headers.js';
import { closeNow, listen } from './listen.js';

export interface Serving {
  readonly port: number;
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly token: string;
  /** What to open. The token stands in the fragment, which browsers send nowhere. */
  readonly address: string;
  /** Ends every connection at once, busy ones too. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const TOKEN_BYTES = 32;

/** @throws the system's error (EADDRINUSE, EACCES) where the port cannot be had */
export async function serve(served: Served, port = 0): Promise<Serving> {
  // A request without a Host is the guard's to refuse.
  const server = createServer({ requireHostHeader: false });
  const { port: bound } = await listen(server, HOST, port);
  server.on('error', served.onFault);
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const guard = createGuard(bound, token);
  const answer = getRequestListener(createApp(served).fetch, { overrideGlobalObjects: false });
  // Nothing was accepted yet: connections are, at the earliest, once this function waits.
  server.on('request', (request, response) => {
    const { method = '', url: target = '', headers } = request;
    // Beside what the routes set, so that no answer goes without.
    for (const [name, value] of Object.entries(headersFor(target))) response.setHeader(name, value);
    const refusal = guard({ method, target, headers });
    if (refusal === null) return void answer(request, response);
    // What a refused request still sends is not waited for.
    response.writeHead(refusal.status, { ...refusal.headers, 'Content-Length': 0, Connection: 'close' }).end();
  });
  const url = new URL(`http://${HOST}:${bound}/`).href;
  return {
    port: bound,
    url,
    token,
    address: `${url}#token=${token}`,
    close: () => closeNow(server),
  };
}
