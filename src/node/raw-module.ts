/**
 * The package raw-socket (a native addon), which is installed only where it is used, as far as it is used here.
 *
 * Out: the module, or a SourceError that says what to install. It has no types of its own.
 */
import { createRequire } from 'node:module';
import { SourceError } from './sources.js';

export interface RawSocket {
  on(event: 'message', listener: (packet: Buffer) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  /** @throws Error in the system's words */
  setOption(level: number, option: number, value: number): void;
  setOption(level: number, option: number, value: Buffer, length: number): void;
  /** @returns bytes that were filled in */
  getOption(level: number, option: number, value: Buffer, length: number): number;
  /** Takes one packet now: a message, or an error where there is none. */
  onRecvReady(): void;
  pauseRecv(): void;
  resumeRecv(): void;
  close(): void;
}

export interface RawModule {
  /** @param bufferSize bytes of a packet that are taken; the same buffer for each of them */
  createSocket(options: { readonly protocol: number; readonly bufferSize: number }): RawSocket;
}

/** @throws SourceError */
export function loadRawModule(): RawModule {
  const next = 'npm install raw-socket, which builds it: with g++, make and python3';
  try {
    // Not import(): this way the modules of `npm install --global` are found, too, by NODE_PATH.
    return createRequire(import.meta.url)('raw-socket') as RawModule;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND' && !message.includes('raw.node')) {
      throw new SourceError(`--source raw needs the package raw-socket, which is not installed; ${next}`);
    }
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED') {
      throw new SourceError(
        `--source raw: the package raw-socket is not built for this Node (${process.version}); npm rebuild raw-socket, with g++, make and python3`,
      );
    }
    throw error;
  }
}
