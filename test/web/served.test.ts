/**
 * `policap ui` and its page together: the address that it prints opens what was named on its command line, for a browser that has the
 * token and for no other.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { usePages } from './browser.js';

const pages = usePages();
const shop = ['pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

let server: ChildProcess | null = null;
afterEach(async () => {
  if (server === null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
  server = null;
});

async function serve(args: readonly string[]): Promise<string> {
  server = spawn(process.execPath, ['bin/policap', 'ui', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: server.stdout! })) return line;
  throw new Error('it printed no address');
}

it('opens what it was given, keeps the token out of the address, and opens links in further tabs', async () => {
  const address = await serve(shop);
  const { page, asked } = await pages.openAt(address);
  const table = page.getByRole('table', { name: 'By verdict' });
  await table.waitFor();
  const { packets } = JSON.parse((await policap(['replay', ...shop, '-o', 'json'])).out);
  expect(await table.locator('tbody tr').first().locator('td').allTextContents()).toEqual(
    [packets.dropped, packets.undecided, packets.allowed, packets.total].map(String),
  );
  expect(page.url()).not.toContain('token');
  const origin = new URL(address).origin;
  expect(asked.filter(url => !url.startsWith(origin))).toEqual([]);

  const further = await page.context().newPage();
  await further.goto(`${origin}/#/replay?${new URLSearchParams({ tab: 'packets', where: 'dport == 53' })}`);
  await further.locator('#where-says').filter({ hasText: 'of 780 packets' }).waitFor();
});

it('says what is wrong with the documents that it was given', async () => {
  const address = await serve([shop[0]!, '-p', 'test/web/wrong.yaml']);
  const { page } = await pages.openAt(address);
  await page.getByText('test/web/wrong.yaml:6:').first().waitFor();
});

it('gives a browser without the token nothing', async () => {
  const address = await serve(shop);
  const answer = await fetch(new URL('api/workspace', address));
  expect(answer.status).toBe(401);
  const { page } = await pages.openAt(new URL(address).origin);
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await page.getByRole('table', { name: 'By verdict' }).count()).toBe(0);
});
