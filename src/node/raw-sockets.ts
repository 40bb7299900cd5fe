/**
 * Live traffic through raw sockets: what comes in for this host's own IPv4 addresses, without any program beside policap.
 *
 * In:  an interface, or `any`.  Out: a LiveSource. One socket each for TCP, UDP, SCTP and ICMP; the kernel hands them a copy of
 * every packet that it delivers here (raw(7)): whole datagrams, no fragments; behind the firewall's prerouting and input.
 *
 * Contract: nothing is sent. What the kernel drops because it is not taken in time is counted by its own counts of each socket
 * (SO_MEMINFO). Packets of one protocol come in order; between protocols the order is that in which they were taken.
 */
import { readFileSync } from 'node:fs';
import type { LiveSource } from './live-source.js';
import { LONGEST_PACKET, PacketQueue } from './packet-queue.js';
import { loadRawModule, type RawModule, type RawSocket } from './raw-module.js';
import { SourceError } from './sources.js';

/** IP protocol numbers: those of NetworkPolicies, and ICMP, whose errors belong to connections of these. */
const PROTOCOLS = [6, 17, 132, 1];
const ICMP = 1;
/** asm-generic/socket.h: so on x86 and ARM. */
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** linux/sock_diag.h: nine numbers of 32 bits; the last one counts what was dropped. */
const MEMINFO_BYTES = 36;
const DROPS = 32;
/** Bytes that the kernel holds for each socket; it counts twice as many, with what it needs itself. */
const BUFFER = 8 * 1024 * 1024;
/** Packets that are taken from one socket before another one has its turn; and before an error of ICMP. */
const IN_A_ROW = 64;
const BEFORE_ICMP = 4096;
/** EAGAIN, as glibc and musl say it. */
const NOTHING_THERE = 'Resource temporarily unavailable';
/** Milliseconds between two looks whether the interface is still there. */
const BETWEEN = 1000;

/**
 * @param name of an interface, or `any`
 * @param signal ends it in order
 * @returns null where it was ended before it had begun
 * @throws SourceError where it cannot begin: no package, no permission, no such interface
 */
export async function startRawSockets(name: string, signal: AbortSignal): Promise<LiveSource | null> {
  if (signal.aborted) return null;
  if (process.platform !== 'linux') {
    throw new SourceError(`--source raw is for Linux, and this is ${process.platform}; take --source tcpdump`);
  }
  const live = new RawSockets(name, loadRawModule());
  const stop = (): void => live.end(null);
  signal.addEventListener('abort', stop);
  return live;
}

class RawSockets implements LiveSource {
  readonly whoLost = 'policap could not take them from its sockets in time; --source tcpdump with --filter helps';
  readonly notice =
    'raw sockets see IPv4 of TCP, UDP, SCTP and ICMP that comes in for this host itself: nothing that goes out or is forwarded, no IPv6';
  readonly source: PacketQueue;
  readonly #sockets: OpenSocket[] = [];
  readonly #watch: NodeJS.Timeout | undefined;
  #lost = 0;
  /** Undefined while it goes on. */
  #why: string | null | undefined;

  /** @throws SourceError */
  constructor(name: string, module: RawModule) {
    this.source = new PacketQueue(
      name,
      () => this.#pause(false),
      () => this.end(null),
    );
    const take = (packet: Buffer, protocol: number): void => {
      // What an error is about came before it: it is in the other sockets by now, if it came in at all.
      if (protocol === ICMP) {
        const error = Buffer.from(packet);
        this.#takeOthers();
        this.source.put(error);
      } else this.source.put(packet);
      if (this.source.full) this.#pause(true);
    };
    try {
      for (const protocol of PROTOCOLS) {
        this.#sockets.push(
          new OpenSocket(
            module,
            protocol,
            name,
            packet => take(packet, protocol),
            why => this.end(why),
          ),
        );
      }
    } catch (error) {
      this.end(null);
      throw error;
    }
    if (name !== 'any') {
      this.#watch = setInterval(() => {
        if (!isThere(name)) this.end(`the interface ${name} is gone`);
      }, BETWEEN);
    }
  }

  get lost(): number {
    return this.#why === undefined ? this.#drops() : this.#lost;
  }

  async ended(): Promise<string | null> {
    return this.#why ?? null;
  }

  /** What the kernel holds by now still comes. */
  end(why: string | null): void {
    if (this.#why !== undefined) return;
    for (const socket of this.#sockets) while (socket.takeOne());
    this.#why = why;
    this.#lost = this.#drops();
    clearInterval(this.#watch);
    for (const socket of this.#sockets) socket.close();
    this.source.end();
  }

  #takeOthers(): void {
    for (const socket of this.#sockets.slice(0, -1)) for (let i = 0; i < BEFORE_ICMP && socket.takeOne(); i++);
  }

  #drops(): number {
    return this.#sockets.reduce((sum, socket) => sum + socket.drops(), 0);
  }

  #pause(isPaused: boolean): void {
    if (this.#why === undefined) for (const socket of this.#sockets) socket.pause(isPaused);
  }
}

class OpenSocket {
  readonly #socket: RawSocket;
  readonly #memory = Buffer.alloc(MEMINFO_BYTES);
  #came = false;
  #isInARow = false;

  /** @throws SourceError */
  constructor(
    module: RawModule,
    protocol: number,
    name: string,
    take: (packet: Buffer) => void,
    fail: (why: string) => void,
  ) {
    this.#socket = opened(module, protocol, name);
    let hasBegun = false;
    this.#socket.on('error', ({ message }) => {
      if (message !== NOTHING_THERE) fail(`a raw socket failed: ${message}`);
    });
    this.#socket.on('message', packet => {
      this.#came = true;
      if (!hasBegun) return;
      take(packet);
      if (this.#isInARow) return;
      this.#isInARow = true;
      for (let taken = 1; taken < IN_A_ROW && this.takeOne(); taken++);
      this.#isInARow = false;
    });
    // What came before it was bound to its interface.
    while (this.takeOne());
    hasBegun = true;
  }

  /** @returns false where there was none */
  takeOne(): boolean {
    this.#came = false;
    this.#socket.onRecvReady();
    return this.#came;
  }

  drops(): number {
    this.#socket.getOption(SOL_SOCKET, SO_MEMINFO, this.#memory, MEMINFO_BYTES);
    return this.#memory.readUInt32LE(DROPS);
  }

  pause(isPaused: boolean): void {
    if (isPaused) this.#socket.pauseRecv();
    else this.#socket.resumeRecv();
  }

  close(): void {
    this.#socket.close();
  }
}

function opened(module: RawModule, protocol: number, name: string): RawSocket {
  let socket: RawSocket;
  try {
    socket = module.createSocket({ protocol, bufferSize: LONGEST_PACKET });
  } catch (error) {
    const { message } = error as Error;
    const isForbidden = /not permitted|denied/i.test(message);
    throw new SourceError(
      isForbidden
        ? '--source raw: permission denied; raw sockets need root, or CAP_NET_RAW'
        : `--source raw: a raw socket of protocol ${protocol} cannot be opened: ${message}`,
    );
  }
  try {
    if (name !== 'any') {
      const device = Buffer.from(`${name}\0`);
      socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, device, device.length);
    }
  } catch (error) {
    socket.close();
    throw new SourceError(`${name}: ${(error as Error).message}; ip link lists the interfaces, and any is all of them`);
  }
  try {
    socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
  } catch {
    // Without CAP_NET_ADMIN: as much as any program may have.
    socket.setOption(SOL_SOCKET, SO_RCVBUF, BUFFER);
  }
  return socket;
}

/** As the kernel lists them in this network namespace. */
const isThere = (name: string): boolean =>
  readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .some(line => line.trimStart().startsWith(`${name}:`));
