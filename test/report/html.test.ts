/**
 * The HTML report: what it says against the json summary of the same replay, that nothing in it comes from elsewhere, that texts of
 * captures and documents are never markup, and that its script filters and sorts in a real browser.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { markup } from '../../src/report/html/markup.js';
import { policap } from '../cli/person.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-html-'));
afterAll(() => rmSync(folder, { recursive: true }));
const shop = ['pcaps/shop/capture.pcapng', '-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];

async function reportOf(args: readonly string[], name = 'report.html'): Promise<string> {
  const file = join(folder, name);
  const { code } = await policap(['replay', ...args, '-o', 'html', '-w', file]);
  expect(code).toBe(0);
  return readFileSync(file, 'utf8');
}

/** Text between tags, in order. */
const textsOf = (page: string): string[] =>
  page
    .replace(/<(style|script)[^>]*>[\s\S]*?<\/\1>/g, '')
    .split(/<[^>]*>/)
    .map(text => text.trim())
    .filter(text => text !== '');

/** Cells, row by row, of a table. */
function rowsOf(page: string, name: string): string[][] {
  const from = page.indexOf(`data-name="${name}"`);
  expect(from, name).toBeGreaterThan(0);
  const body = page.slice(page.indexOf('<tbody>', from), page.indexOf('</tbody>', from));
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = '']) => cell),
  );
}

const number = (text: string | undefined): number => Number(text?.replaceAll(',', ''));

describe('replay -o html', () => {
  it('says what the summary says', async () => {
    const page = await reportOf(shop);
    const summary = JSON.parse((await policap(['replay', ...shop, '-o', 'json'])).out);
    const [packets = [], connections = []] = rowsOf(page, 'verdicts');
    for (const [row, counts] of [
      [packets, summary.packets],
      [connections, summary.connections],
    ]) {
      const { total, allowed, dropped, undecided } = counts;
      expect(row.slice(1).map(number)).toEqual([total, allowed, dropped, undecided]);
    }
    const refused = rowsOf(page, 'Refused conversations');
    expect(refused.length).toBe(summary.denied.length);
    summary.denied.forEach((it: (typeof summary.denied)[number], i: number) => {
      const row = refused[i]!;
      expect([number(row[0]), number(row[1]), number(row[6])]).toEqual([it.connections, it.packets, it.firstPacket]);
      expect(row[2]).toContain(it.source.address);
      expect(row[3]).toContain(it.destination.workload ?? it.destination.address);
      for (const { source } of [it.egress, it.ingress].filter(side => side?.verdict === 'dropped')) {
        expect(row[5]).toContain(source.replace(/:\d+$/, ''));
      }
    });
    const hits = rowsOf(page, 'policies');
    const rules = summary.policies.flatMap(
      (it: { policy: string; rules: { rule: string; hits: { packets: number } }[] }) =>
        it.rules.map(({ rule, hits: { packets } }) => `${it.policy} ${rule} ${packets}`),
    );
    expect(
      hits.map(([policy, rule, , , count]) => `${policy} ${rule} ${number(count)}`).filter(it => rules.includes(it)),
    ).toEqual(rules);
    // The bars' titles hold every packet.
    const inBars = [...page.matchAll(/: ([\d,]+) (allowed|dropped|undecided)<\/title>/g)];
    const total = (verdict: string): number =>
      inBars.filter(([, , of]) => of === verdict).reduce((sum, [, count]) => sum + number(count), 0);
    expect([total('allowed'), total('dropped')]).toEqual([summary.packets.allowed, summary.packets.dropped]);
    expect(page).toContain('Who can talk to whom');
  });

  it('needs nothing from elsewhere, and says so to the browser', async () => {
    const page = await reportOf(shop);
    expect(page).toContain(`http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;`);
    expect(page.match(/\b(src|href|action)\s*=/g)).toBeNull();
    expect(page.match(/url\((?!#)/g)).toBeNull();
    expect(page.match(/@import|<link|<iframe|<object/g)).toBeNull();
  });

  it('draws no matrix that takes long, and says so', async () => {
    const cluster = join(folder, 'large.json');
    const { out } = await policap(['generate', 'cluster', '--nodes', '20', '--pods', '3000', '--policies', '200']);
    writeFileSync(cluster, out);
    const page = await reportOf([shop[0]!, '-p', cluster, '-c', cluster], 'large.html');
    expect(page).toContain('policap matrix -o svg does');
    expect(page).not.toContain('class="pm"');
  });

  it('says first that nothing is enforced', async () => {
    const texts = textsOf(await reportOf([...shop, '--profile', 'flannel'], 'flannel.html'));
    expect(texts[1]).toMatch(/^Flannel enforces no policies/);
  });

  it('takes texts of captures and documents for text', async () => {
    expect(markup`<b title="${`"'<&>`}">${'<script>'}\u0001${['a', markup`<i>`, 3]}</b>`.text).toBe(
      '<b title="&quot;&#39;&lt;&amp;&gt;">&lt;script&gt;\u0001a<i>3</b>',
    );
    expect(markup`${'a\u0000b\u001bc\nd'}`.text).toBe('a\ufffdb\ufffdc\nd');
    const file = join(folder, '<img src=x onerror=alert(1)>.pcapng');
    writeFileSync(file, readFileSync(shop[0]!));
    const page = await reportOf([file, ...shop.slice(1)], 'hostile.html');
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;.pcapng');
    expect(page).not.toContain('<img');
  });

  const missing = spawnSync('chromium', ['--version']).error !== undefined;
  it.skipIf(missing)('filters and sorts in a browser, and breaks no rule of its own', async () => {
    const page = await reportOf(shop);
    const drive = `
const of = (name) => document.querySelector('table[data-name="' + name + '"]');
const shown = (name) => [...of(name).tBodies[0].rows].filter(row => !row.hidden).map(row => row.textContent);
const found = {};
const errors = [];
addEventListener('error', it => errors.push(it.message));
addEventListener('securitypolicyviolation', it => errors.push(it.effectiveDirective));
const input = document.querySelector('input[aria-label="Filter: Refused conversations"]');
found.all = shown('Refused conversations').length;
input.value = 'STATEFULSET/DB -debug-shell';
input.dispatchEvent(new Event('input'));
found.filtered = shown('Refused conversations');
found.said = input.nextElementSibling.textContent;
input.value = '';
input.dispatchEvent(new Event('input'));
const click = (name, column) => of(name).tHead.rows[0].cells[column].querySelector('button').click();
const column = (name, i) => [...of(name).tBodies[0].rows].map(row => row.cells[i].textContent);
click('policies', 4); found.falling = column('policies', 4); found.sort = of('policies').tHead.rows[0].cells[4].getAttribute('aria-sort');
click('policies', 4); found.rising = column('policies', 4);
click('policies', 0); found.names = column('policies', 0);
fetch('data:text/plain,x').catch(() => {})
  .finally(() => setTimeout(() => { found.errors = errors;
  document.body.innerHTML = ''; document.body.textContent = 'FOUND' + JSON.stringify(found) + 'END'; }, 200));`;
    const file = join(folder, 'driven.html');
    writeFileSync(
      file,
      page.replace('</body>', () => `<script>${drive}</script></body>`),
    );
    const { stdout } = spawnSync(
      'chromium',
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--virtual-time-budget=3000',
        '--dump-dom',
        pathToFileURL(file).href,
      ],
      { encoding: 'utf8', timeout: 60_000, env: { ...process.env, HOME: folder } },
    );
    const text = /FOUND(.*)END/s
      .exec(stdout)?.[1]
      ?.replaceAll('&gt;', '>')
      .replaceAll('&lt;', '<')
      .replaceAll('&amp;', '&');
    const found = JSON.parse(text ?? 'null');
    expect(found.all).toBe(9);
    expect(found.filtered.length).toBe(1);
    expect(found.filtered[0]).toContain('shop/Deployment/web');
    expect(found.said).toBe('1 of 9 shown');
    const falling = found.falling.map(number);
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    expect(found.rising.map(number)).toEqual([...falling].sort((a, b) => a - b));
    expect(found.sort).toBe('descending');
    expect(found.names).toEqual([...found.names].sort());
    // What it was told not to do, the browser does not: here even a data: address.
    expect(found.errors).toEqual(['connect-src']);
  });
});
