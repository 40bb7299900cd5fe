/**
 * A capture of 1,000,000 packets: judged while the page goes on answering, all of its rows within reach.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { usePages } from './browser.js';

const pages = usePages();
const folder = mkdtempSync(join(tmpdir(), 'policap-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

function generated(name: string, args: readonly string[]): string {
  const file = join(folder, name);
  const fd = openSync(file, 'w');
  const { status } = spawnSync(process.execPath, ['bin/policap', 'generate', ...args], {
    stdio: ['ignore', fd, 'ignore'],
  });
  closeSync(fd);
  expect(status).toBe(0);
  return file;
}

it('loads, answers meanwhile, and scrolls to its last row', async () => {
  const cluster = generated('cluster.json', ['cluster', '--pods', '500', '--policies', '50']);
  const of = ['-p', cluster, '-c', cluster];
  const capture = generated('large.pcap', ['capture', ...of, '--packets', '1000000', '--connections', '50000']);
  const { page } = await pages.open();
  page.setDefaultTimeout(110_000);
  await page.setInputFiles('input[type=file]', [capture, cluster]);
  // Judging goes on while another view opens.
  await page.getByRole('progressbar', { name: 'Judging' }).waitFor();
  await page.getByRole('link', { name: 'Replay' }).click();
  await page.getByText('Nothing is judged yet').waitFor();
  expect(await page.getByRole('progressbar', { name: 'Judging' }).count()).toBe(1);
  await page.getByRole('table', { name: 'By verdict' }).waitFor();
  await page.getByRole('link', { name: 'Packets', exact: true }).click();
  await page.locator('#where-says').filter({ hasText: '1,000,000 of 1,000,000 packets' }).waitFor();
  const { out } = await policap(['replay', capture, ...of, '-o', 'json']);
  const { packets } = JSON.parse(out);
  const cells = page.getByRole('table', { name: 'By verdict' }).locator('tbody tr').first().locator('td');
  expect((await cells.allTextContents()).map(text => Number(text.replaceAll(',', '')))).toEqual([
    packets.dropped,
    packets.undecided,
    packets.allowed,
    packets.total,
  ]);
  await page.getByRole('grid').focus();
  await page.keyboard.press('End');
  // Sorted by verdict: the last row is the last packet that passes.
  await page.locator('.grid .window .row[aria-rowindex="1000001"]:not(.waiting)').waitFor();
  expect(page.url()).toContain('row=999999');
  await page.getByLabel('Filter').fill('packet == 1000000');
  await page.locator('#where-says').filter({ hasText: '1 of 1,000,000 packets' }).waitFor();
});
