/**
 * A server's socket: opened, and closed at once.
 *
 * In:  a node:http server, and where.  Out: the address that it was given.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** @throws the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND) where it cannot listen there. @param port 0: any free one */
export const listen = (server: Server, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });

/** Ends every connection at once, busy ones too. */
export const closeNow = (server: Server): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
