/**
 * The page in a real browser: Debian's chromium, driven by playwright-core.
 *
 * In:  nothing but dist/web.  Out: pages opened from a web server of the test's own, or from the folder. A page's errors fail the test
 * that opened it: nothing may be written to the console but what the test expects.
 */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

export const site = resolve('dist/web');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface Opened {
  readonly page: Page;
  /** Everything that the page asked the network for. */
  readonly asked: readonly string[];
}

export interface Pages {
  /** @param at fragment, such as `#/replay` @param from the test's server, or the folder itself */
  open(at?: string, from?: 'server' | 'folder', options?: BrowserContextOptions): Promise<Opened>;
  /** Any other address. */
  openAt(address: string, options?: BrowserContextOptions): Promise<Opened>;
  readonly address: string;
}

/** For a test file: one browser and one server, stopped at its end. */
export function usePages(): Pages {
  let browser: Browser;
  let server: Server;
  const faults: string[] = [];
  const pages = { address: '' } as { address: string } & Pick<Pages, 'open' | 'openAt'>;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://site').pathname;
      const file = join(site, path === '/' ? 'index.html' : path);
      if (!file.startsWith(site) || !existsSync(file)) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      createReadStream(file).pipe(response);
    });
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    pages.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await new Promise(closed => server.close(closed));
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(faults.splice(0)).toEqual([]);
  });

  pages.open = (at = '', from = 'server', options = {}) =>
    pages.openAt((from === 'server' ? pages.address : pathToFileURL(join(site, 'index.html')).href) + at, options);
  pages.openAt = async (address, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', request => asked.push(request.url()));
    page.on('pageerror', error => faults.push(String(error)));
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
    });
    await page.goto(address);
    return { page, asked };
  };
  return pages;
}
