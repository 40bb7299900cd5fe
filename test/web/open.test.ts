/**
 * Files are dropped on the page, and it says what the command line says of them; from a web server and from a folder, with nothing
 * asked of any other host.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { CONNTRACK_KINDS } from '../../src/flow/kinds.js';
import { PROFILE_NAMES } from '../../src/profile/profile.js';
import { policap } from '../cli/person.js';
import { violations } from './axe.js';
import { usePages } from './browser.js';

const pages = usePages();
const shop = [
  'pcaps/shop/capture.pcapng',
  'pcaps/shop/cluster.yaml',
  ...readdirSync('pcaps/shop/policies').map(name => `pcaps/shop/policies/${name}`),
];

const give = (page: Page, files: Parameters<Page['setInputFiles']>[1]): Promise<void> =>
  page.setInputFiles('input[type=file]', files);

async function totals(page: Page): Promise<number[][]> {
  const rows = page.getByRole('table', { name: 'By verdict' }).locator('tbody tr');
  await rows.first().waitFor();
  const texts = await rows.evaluateAll(all =>
    all.map(row => [...row.querySelectorAll('td')].map(it => it.textContent)),
  );
  return texts.map(cells => cells.map(text => Number(text?.replaceAll(',', ''))));
}

const command = ['replay', 'pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

async function expected(): Promise<number[][]> {
  const { packets, connections } = JSON.parse((await policap([...command, '-o', 'json'])).out);
  return [packets, connections].map(({ dropped, undecided, allowed, total }) => [dropped, undecided, allowed, total]);
}

describe('files given to the page', () => {
  for (const from of ['server', 'folder'] as const) {
    it(`are judged as on the command line, from a ${from}, and go nowhere`, async () => {
      const { page, asked } = await pages.open('', from);
      await give(page, shop);
      expect(await totals(page)).toEqual(await expected());
      const own = from === 'server' ? pages.address : 'file://';
      expect(asked.filter(url => !url.startsWith(own) && !url.startsWith(`blob:`))).toEqual([]);
      expect(asked.some(url => url.endsWith('engine.js'))).toBe(true);
    });
  }

  it('may come one after another, and compressed', async () => {
    const { page } = await pages.open();
    const [capture = '', ...documents] = shop;
    const mimeType = 'application/octet-stream';
    await give(page, [{ name: 'capture.pcapng.gz', mimeType, buffer: gzipSync(readFileSync(capture)) }]);
    await page.getByText('Policies and a cluster are still missing').waitFor();
    await give(page, documents);
    expect(await totals(page)).toEqual(await expected());
  });

  it('count each, where two have one name', async () => {
    const { page } = await pages.open();
    const [capture = '', cluster = '', ...policies] = shop;
    const documents = [cluster, ...policies].map(path => ({
      name: 'same.yaml',
      mimeType: 'text/yaml',
      buffer: readFileSync(path),
    }));
    await give(page, documents);
    await page.getByText('same (2).yaml: documents').waitFor();
    await give(page, [capture]);
    expect(await totals(page)).toEqual(await expected());
  });

  it('may be all those of a folder', async () => {
    const { page } = await pages.open();
    const folder = mkdtempSync(join(tmpdir(), 'policap-folder-'));
    cpSync('pcaps/shop', folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      if (!/^(capture\.pcapng|cluster\.yaml|policies)$/.test(name)) rmSync(join(folder, name), { recursive: true });
    }
    await page.getByLabel('or all files of a folder').setInputFiles(folder);
    expect(await totals(page)).toEqual(await expected());
    rmSync(folder, { recursive: true });
  });

  it('that are neither captures nor documents are named', async () => {
    const { page } = await pages.open();
    await give(page, ['README.md']);
    await page.getByRole('alert').filter({ hasText: 'README.md is neither a capture' }).waitFor();
  });

  it('with an error are said with line and column, and nothing is judged', async () => {
    const { page } = await pages.open();
    const text = readFileSync('pcaps/shop/policies/' + basename(shop[2]!), 'utf8').replace(
      'podSelector',
      'podSelecter',
    );
    const wrong = { name: 'wrong.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text) };
    await give(page, [wrong]);
    await page
      .getByText(/wrong\.yaml:\d+:\d+/)
      .first()
      .waitFor();
    await page.getByText('did you mean').first().waitFor();
  });

  it('of several gzip streams say that only the first is read', async () => {
    const { page } = await pages.open();
    const whole = readFileSync(shop[0]!);
    const buffer = Buffer.concat([whole.subarray(0, 20_000), whole.subarray(20_000)].map(it => gzipSync(it)));
    await give(page, [{ name: 'two.pcapng.gz', mimeType: 'application/octet-stream', buffer }]);
    await give(page, shop.slice(1));
    await page.getByRole('alert').filter({ hasText: 'another gzip stream behind it' }).waitFor();
    const [packets] = await totals(page);
    expect(packets![3]).toBeGreaterThan(0);
  });

  it('cut in the middle are judged as far as they go', async () => {
    const { page } = await pages.open();
    const buffer = readFileSync(shop[0]!).subarray(0, 5000);
    await give(page, [{ name: 'cut.pcapng', mimeType: 'application/octet-stream', buffer }]);
    await give(page, shop.slice(1));
    const [packets] = await totals(page);
    expect(packets![3]).toBeGreaterThan(0);
    await page.getByRole('alert').filter({ hasText: 'cut.pcapng is damaged' }).waitFor();
  });
});

describe('how it is judged', () => {
  it('is chosen in the page, as on the command line', async () => {
    const { page } = await pages.open();
    await give(page, shop);
    await totals(page);
    await page.getByRole('link', { name: 'Change' }).click();
    const profiles = await page.getByLabel('Network plugin').locator('option').allTextContents();
    expect(profiles[0]).toBe('as the cluster tells: upstream');
    expect(profiles.slice(1).sort()).toEqual([...PROFILE_NAMES].sort());
    const tables = await page.getByLabel('Connection table').locator('option').allTextContents();
    expect(tables.slice(1).sort()).toEqual([...CONNTRACK_KINDS].sort());
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Network plugin').selectOption('kube-router');
    await page.getByLabel('Mode').selectOption('dataplane');
    await page.getByLabel('Connection table').selectOption('none');
    await page.getByRole('link', { name: 'Replay', exact: true }).click();
    await page.getByText('Judged as kube-router enforces policies (asked for), mode dataplane').waitFor();
    const further = ['--profile', 'kube-router', '--mode', 'dataplane', '--conntrack', 'none', '-o', 'json'];
    const { packets, connections } = JSON.parse((await policap([...command, ...further])).out);
    const rows = [packets, connections].map(it => [it.dropped, it.undecided, it.allowed, it.total]);
    await expect.poll(() => totals(page)).toEqual(rows);
  });
});

it('the first view has no fault that axe knows, in light and in dark', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await pages.open('', 'server', { colorScheme });
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await violations(page)).toEqual([]);
  }
});
