/**
 * Real traffic between addresses of this host: node traffic.mjs CLIENT SERVER PORT CONNECTIONS DATAGRAMS
 *
 * So many TCP connections, one after the other, each with a request and an answer; then so many datagrams, a few hundred a
 * millisecond at most.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [client, server, port, connections, datagrams] = process.argv.slice(2);

const echo = createServer(socket => socket.pipe(socket));
echo.listen(Number(port), server);
await once(echo, 'listening');
for (let i = 0; i < Number(connections); i++) {
  const socket = connect({ host: server, port: Number(port), localAddress: client });
  socket.write(`request ${i}`);
  await once(socket, 'data');
  socket.end();
  await once(socket, 'close');
}
echo.close();

const receiver = createSocket('udp4').bind(5353, server);
const sender = createSocket('udp4').bind(5354, client);
await Promise.all([once(receiver, 'listening'), once(sender, 'listening')]);
for (let i = 0; i < Number(datagrams); i++) {
  await new Promise(resolve => sender.send(`datagram ${i}`, 5353, server, resolve));
}
sender.close();
receiver.close();
