/**
 * The replay view: all that it shows is what the command line says of the same files; by keyboard, by link, and as files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { violations } from './axe.js';
import { usePages } from './browser.js';

const pages = usePages();
const policies = readdirSync('pcaps/shop/policies').map(name => `pcaps/shop/policies/${name}`);
const shop = ['pcaps/shop/capture.pcapng', 'pcaps/shop/cluster.yaml', ...policies];
const command = ['replay', 'pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

/** With the shop open. */
async function open(at: string, options = {}): Promise<Page> {
  const { page } = await pages.open(at, 'server', options);
  await page.setInputFiles('input[type=file]', shop);
  await page.getByRole('table', { name: 'By verdict' }).waitFor();
  return page;
}

const link = (parameters: Record<string, string>): string => `#/replay?${new URLSearchParams(parameters)}`;

async function csv(...further: string[]): Promise<string[][]> {
  const { out } = await policap([...command, '-o', 'csv', ...further]);
  return out
    .trimEnd()
    .split(/\r?\n/)
    .slice(1)
    .map(line => line.split(','));
}

/** Cells of rows that are drawn, in order. */
async function drawn(page: Page): Promise<string[][]> {
  await page.locator('.grid .window .row:not(.waiting)').first().waitFor();
  return page
    .locator('.grid .window .row')
    .evaluateAll(rows => rows.map(row => [...row.children].map(cell => cell.getAttribute('title') ?? '')));
}

const says = (page: Page, text: string): Promise<void> =>
  page.locator('#where-says').filter({ hasText: text }).waitFor();

describe('the replay view', () => {
  it('lists the refused conversations, with the lines that decide', async () => {
    const page = await open('#/replay');
    const { denied } = JSON.parse((await policap([...command, '-o', 'json'])).out);
    const rows = await page
      .getByRole('region', { name: 'Refused conversations' })
      .locator('tbody tr')
      .evaluateAll(all => all.map(row => [...row.children].map(cell => cell.textContent ?? '')));
    expect(rows.map(([connections, packets]) => [Number(connections), Number(packets)])).toEqual(
      denied.map((it: { connections: number; packets: number }) => [it.connections, it.packets]),
    );
    for (const [i, { source, destination, port, egress, ingress }] of denied.entries()) {
      const [, , from, to, service, why] = rows[i]!;
      expect(from).toContain(source.workload ?? source.address);
      expect(to).toContain(destination.workload ?? destination.address);
      if (port !== null) expect(service).toContain(String(port));
      for (const side of [egress, ingress]) {
        if (side?.verdict === 'dropped') expect(why).toContain(side.source.replace(/^.*\//, ''));
      }
    }
  });

  it('shows packets as replay writes them, refused ones first, as the link filters them', async () => {
    const where = 'protocol == UDP && dport == 53';
    const page = await open(link({ tab: 'packets', where }));
    const fields = ['packet', 'verdict', 'time', 'src', 'dst', 'protocol', 'dport', 'length', 'reason', 'connection'];
    const lines = await csv('--where', where, '--fields', fields.join(','));
    await says(page, `${lines.length} of 780 packets`);
    const rank = (verdict: string | undefined): number => ['dropped', 'undecided', 'allowed'].indexOf(verdict!);
    const expected = lines.map((row, i) => ({ row, i })).sort((a, b) => rank(a.row[1]) - rank(b.row[1]) || a.i - b.i);
    const rows = await drawn(page);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows).toEqual(expected.slice(0, rows.length).map(({ row }) => row));
  });

  it('sorts by any column, up and down', async () => {
    const page = await open(link({ tab: 'connections' }));
    const lines = (await csv('--records', 'connections', '--fields', 'connection,sentPackets')).map(row =>
      row.map(Number),
    );
    const sorted = [...lines].sort((a, b) => a[1]! - b[1]! || a[0]! - b[0]!).map(([number]) => String(number));
    const down = [...lines].sort((a, b) => b[1]! - a[1]! || a[0]! - b[0]!).map(([number]) => String(number));
    for (const expected of [sorted, down]) {
      await page.getByRole('button', { name: 'sent' }).click();
      await expect
        .poll(async () => (await drawn(page)).map(([number]) => number).slice(0, 10))
        .toEqual(expected.slice(0, 10));
    }
    expect(await page.getByRole('columnheader', { name: 'sent' }).getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'Refused first again' }).click();
    await expect.poll(async () => (await drawn(page))[0]![1]).toBe('dropped');
  });

  it('says what is wrong with a filter, and where', async () => {
    const page = await open(link({ tab: 'packets' }));
    await page.getByLabel('Filter').fill('dport = 53');
    const { err } = await policap([...command, '-o', 'csv', '--where', 'dport = 53']);
    const said = await page.locator('#where-says').filter({ hasText: 'at character' }).textContent();
    const [, sentence = ''] = /at character (\d+: [^\n]*)/.exec(err) ?? [];
    expect(sentence).not.toBe('');
    expect(said).toContain(sentence);
    await page.getByLabel('Filter').fill('dport == 53');
    await says(page, `${(await csv('--where', 'dport == 53')).length} of 780`);
  });

  it('tells who decided a row, by keyboard, with the line lit', async () => {
    const page = await open(link({ tab: 'connections' }));
    const grid = page.getByRole('grid', { name: /Connections/ });
    await drawn(page);
    await grid.focus();
    await page.keyboard.press('Home');
    const aside = page.getByRole('complementary', { name: 'Who decided' });
    const first = (await drawn(page))[0]![0]!;
    await aside.getByRole('heading', { name: `Connection ${first}:` }).waitFor();
    const fields = ['egress_source', 'ingress_source', 'egress_subject', 'ingress_subject'];
    const [line = []] = await csv(
      '--records',
      'connections',
      '--where',
      `connection == ${first}`,
      '--fields',
      fields.join(','),
    );
    const [egress = '', ingress = '', ...subjects] = line;
    for (const subject of subjects.filter(it => it !== '')) expect(await aside.textContent()).toContain(subject);
    for (const source of [egress, ingress].filter(it => it !== '')) {
      const [, file = '', number = ''] = /([^/]*\.yaml):(\d+):/.exec(source)!;
      const figure = aside.getByRole('figure').filter({ hasText: `${file}:${number}` });
      const text = readFileSync(policies.find(path => path.endsWith(file))!, 'utf8').split('\n')[Number(number) - 1]!;
      expect(await figure.locator('mark').textContent()).toBe(text);
    }
    expect(await grid.getAttribute('aria-activedescendant')).toMatch(/-0$/);
    await page.keyboard.press('ArrowDown');
    await aside.getByRole('heading', { name: `Connection ${(await drawn(page))[1]![0]}:` }).waitFor();
    expect(page.url()).toContain('row=1');
  });

  it('maps workloads, with the counts of their connections', async () => {
    const page = await open(link({ tab: 'map' }));
    const lines = await csv('--records', 'connections', '--fields', 'src_workload,dst_workload,verdict');
    const expected = new Map<string, number>();
    for (const [from, to, verdict] of lines) {
      const key = [from || 'addresses nobody owns', to || 'addresses nobody owns', verdict].join(' ');
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    const table = page.getByRole('table', { name: 'Connections by pair' });
    await table.waitFor();
    const rows = await table
      .locator('tbody tr')
      .evaluateAll(all => all.map(row => [...row.children].map(cell => cell.textContent ?? '')));
    const found = rows.flatMap(([from, to, ...counts]) =>
      ['dropped', 'undecided', 'allowed'].flatMap((verdict, i) =>
        counts[i] === '0' ? [] : [[`${from} ${to} ${verdict}`, Number(counts[i])] as const],
      ),
    );
    expect(new Map(found)).toEqual(expected);
    const [count = ''] = rows[0]!.slice(2);
    await table.locator('tbody tr').first().locator('td.number a').first().click();
    await says(page, `${count} of ${lines.length} connections`);
  });

  it('shows traffic over time, each span a filter', async () => {
    const page = await open(link({ tab: 'packets' }));
    const region = page.getByRole('region', { name: 'Packets over time' });
    await region.getByText('The same as a table').click();
    const rows = await region
      .locator('tbody tr')
      .evaluateAll(all => all.map(row => [...row.children].map(cell => cell.textContent ?? '')));
    const sums = [1, 2, 3].map(i => rows.reduce((sum, row) => sum + Number(row[i]), 0));
    const { packets } = JSON.parse((await policap([...command, '-o', 'json'])).out);
    expect(sums).toEqual([packets.dropped, packets.undecided, packets.allowed]);
    const at = rows.findIndex(row => Number(row[1]) > 3);
    const [, ...counts] = rows[at]!;
    await region.locator('tbody tr').nth(at).getByRole('link').click();
    await says(page, `${counts.reduce((sum, it) => sum + Number(it), 0)} of 780 packets`);
  });

  it('saves what replay writes', async () => {
    const where = 'verdict == dropped';
    const page = await open(link({ tab: 'packets', where }));
    await page.getByText('Save', { exact: true }).click();
    const save = async (button: string): Promise<{ name: string; bytes: Buffer }> => {
      const waiting = page.waitForEvent('download');
      await page.getByRole('button', { name: button }).click();
      const download = await waiting;
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    // The page knows files by their own names, without the folders that the command line has them in.
    const text = (bytes: Buffer | string): string =>
      String(bytes).replaceAll('pcaps/shop/policies/', '').replaceAll('pcaps/shop/', '');
    const table = await save('Table as CSV');
    expect(table.name).toBe('capture-packets.csv');
    expect(text(table.bytes)).toBe(text((await policap([...command, '-o', 'csv', '--where', where])).out));
    const lines = await save('Table as JSON lines');
    expect(text(lines.bytes)).toBe(text((await policap([...command, '-o', 'jsonl', '--where', where])).out));
    const marked = await save('Packets as pcapng, verdicts as comments');
    expect(marked.name).toBe('capture-verdicts.pcapng');
    expect(marked.bytes.readUInt32LE(0)).toBe(0x0a0d0d0a);
    const summary = JSON.parse(String((await save('Summary as JSON')).bytes));
    expect(summary.packets).toEqual(JSON.parse((await policap([...command, '-o', 'json'])).out).packets);
    expect(String((await save('Report as one HTML file')).bytes)).toContain('policap.html/1');
  });

  it('saves what else it shows: conversations, the map, policies, and traffic over time, as tables and as pictures', async () => {
    const page = await open('#/replay');
    await page.getByText('Save', { exact: true }).click();
    const save = async (button: string): Promise<string> => {
      const waiting = page.waitForEvent('download');
      await page.getByRole('button', { name: button }).click();
      return readFileSync(await (await waiting).path(), 'utf8');
    };
    const rowsOf = (text: string): string[] => text.trimEnd().split('\r\n').slice(1);
    const { denied, policies: hits, packets } = JSON.parse((await policap([...command, '-o', 'json'])).out);
    const conversations = rowsOf(await save('Conversations as CSV')).map(line => line.split(',').slice(0, 4));
    expect(conversations).toEqual(
      denied.map((it: Record<string, unknown>) =>
        [it['verdict'], it['reason'], it['connections'], it['packets']].map(String),
      ),
    );
    const spans = rowsOf(await save('Traffic over time as CSV')).map(line => line.split(',').slice(2).map(Number));
    expect([0, 1, 2].map(i => spans.reduce((sum, row) => sum + row[i]!, 0))).toEqual([
      packets.dropped,
      packets.undecided,
      packets.allowed,
    ]);
    expect(await save('Traffic over time as SVG')).toMatch(/^<svg .*<rect .*<\/svg>$/s);
    await page.getByRole('link', { name: 'Map', exact: true }).click();
    await page.getByRole('table', { name: 'Connections by pair' }).waitFor();
    const pairs = rowsOf(await save('Pairs as CSV')).map(line => line.split(',').slice(2, 5).map(Number));
    expect(pairs.flat().reduce((sum, it) => sum + it)).toBe((await csv('--records', 'connections')).length);
    expect(await save('Map as SVG')).toContain('StatefulSet/db');
    await page.getByRole('link', { name: 'Policies', exact: true }).click();
    const decided = rowsOf(await save('Policies as CSV')).map(line => Number(line.split(',')[3]));
    type Hits = { rules: { hits: { connections: number } }[]; defaultDeny: { connections: number } };
    expect(decided).toEqual(
      hits.flatMap(({ rules, defaultDeny }: Hits) => [
        ...rules.map(it => it.hits.connections),
        defaultDeny.connections,
      ]),
    );
  });
});

it('lists requests that a proxy refuses, and what the mesh says', async () => {
  for (const name of ['cilium-http', 'istio-mesh']) {
    const folder = `examples/${name}`;
    const files = readdirSync(folder).filter(it => /^(capture|cluster)\./.test(it));
    const given = readdirSync(`${folder}/policies`).map(it => `${folder}/policies/${it}`);
    const { page } = await pages.open('#/replay');
    await page.setInputFiles('input[type=file]', [...files.map(it => `${folder}/${it}`), ...given]);
    await page.getByRole('table', { name: 'By verdict' }).waitFor();
    const { out } = await policap([
      ...['replay', `${folder}/${files.find(it => it.startsWith('capture'))}`, '-p', `${folder}/policies`],
      ...['-c', `${folder}/cluster.yaml`, '-o', 'json'],
    ]);
    const { requests, mesh } = JSON.parse(out);
    const title =
      requests === undefined ? 'Requests and connections, by the service mesh' : 'Refused and undecided requests';
    const rows = page.getByRole('region', { name: title }).locator('tbody tr');
    const { refused } = requests ?? mesh;
    expect(refused.length).toBeGreaterThan(0);
    expect(await rows.locator('td:first-child').allTextContents()).toEqual(
      refused.map((it: { requests: number }) => String(it.requests)),
    );
  }
});

describe('for everybody', () => {
  for (const options of [
    { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
    { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
    { colorScheme: 'light', viewport: { width: 360, height: 740 } },
    { colorScheme: 'dark', viewport: { width: 3840, height: 2160 } },
  ] as const) {
    it(`no part has a fault that axe knows: ${options.colorScheme}, ${options.viewport.width} pixels`, async () => {
      const page = await open('#/replay', options);
      for (const tab of ['Refused conversations', 'Connections', 'Packets', 'Map', 'Policies']) {
        await page.getByRole('link', { name: tab, exact: true }).click();
        if (tab === 'Connections' || tab === 'Packets') {
          await drawn(page);
          await page.getByRole('grid').focus();
          await page.keyboard.press('Home');
          await page.getByRole('complementary').getByRole('heading', { level: 2 }).waitFor();
        }
        expect(await violations(page), tab).toEqual([]);
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect(width, `${tab} is as wide as the page`).toBeLessThanOrEqual(page.viewportSize()!.width);
      }
    });
  }
});
