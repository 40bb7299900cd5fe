/**
 * Stepping through captures in the browser: each pane says what the engine and the command line say, forward and back, by keyboard, by
 * link, and for people who use a screen reader.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { StepDocument } from '../../src/stepping/document.js';
import { policap } from '../cli/person.js';
import { caseNamed, documentOf, reopened } from '../stepping/reopened.js';
import { violations } from './axe.js';
import { usePages } from './browser.js';

const pages = usePages();
const SHOP = 'pcaps/shop';
/** Scans: resets, repeated SYNs, packets out of any state. */
const SCAN = 'pcaps/scan';

function filesOf(folder: string): string[] {
  const captures = readdirSync(folder).filter(name => /\.pcap(ng)?$/.test(name));
  const policies = readdirSync(join(folder, 'policies')).map(name => join(folder, 'policies', name));
  return [...captures.map(name => join(folder, name)), join(folder, 'cluster.yaml'), ...policies];
}

/** The folder's capture is judged, and the page is at the link. */
async function opened(folder: string, at: string, options: BrowserContextOptions = {}): Promise<Page> {
  const { page } = await pages.open('', 'server', options);
  await page.setInputFiles('input[type=file]', filesOf(folder));
  await page.getByRole('table', { name: 'By verdict' }).waitFor();
  await goTo(page, at);
  await page.locator('.panes').waitFor();
  return page;
}

const goTo = (page: Page, hash: string): Promise<unknown> => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

const shownNumber = (page: Page) => page.locator('.step-when strong');

const at = (page: Page, number: number) => shownNumber(page).getByText(`Packet ${number}`, { exact: true }).waitFor();

/** Positions without the folder, as the page's documents are named. */
const withoutFolder = (text: string): string => text.replaceAll(/pcaps\/\w+\/(policies\/)?/g, '');

const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).innerText()).replaceAll(/\s+/g, ' ');

/** The whole view, as text. */
const panes = (page: Page): Promise<string> => textOf(page, '.panes');

describe('each pane says what the engine says', () => {
  it.each([
    [SHOP, [3, 31, 527, 780]],
    [SCAN, [4, 20, 60, 100, 135]],
  ] as const)('%s', async (folder, numbers) => {
    const shipped = caseNamed(folder);
    const { stepper } = reopened(shipped);
    const steps = stepper();
    const page = await opened(folder, '#/step?packet=1');
    const box = page.getByRole('spinbutton', { name: 'Packet' });
    for (const number of numbers) {
      await box.fill(String(number));
      await box.press('Enter');
      await at(page, number);
      await holds(page, await documentOf(steps, number), folder);
    }
  });
});

async function holds(page: Page, document: StepDocument, folder: string): Promise<void> {
  const { number, explanation, layers, trees, table, machine } = document;
  const why = `${folder} packet ${number}`;
  const args = ['explain', `${folder}/${caseNamed(folder).captures[0]}#${number}`];
  const ran = await policap([...args, '-p', `${folder}/policies`, '-c', `${folder}/cluster.yaml`, '-o', 'json']);
  const said = JSON.parse(ran.out);
  const verdict = await textOf(page, '.pane-verdict');
  expect(verdict, why).toContain(`${said.verdict}: ${said.reason}`);
  for (const sentence of said.sentences) expect(verdict, why).toContain(withoutFolder(sentence));
  const headers = await textOf(page, '.pane-headers');
  for (const { name, fields } of layers) {
    expect(headers, why).toContain(name);
    for (const field of fields) expect(headers, why).toContain(`${field.name} ${field.value}`);
  }
  const bytes = (await page.locator('.bytes').innerText()).replaceAll(/^[0-9a-f]{4}/gm, '').replaceAll(/\s/g, '');
  expect(bytes, why).toBe(Buffer.from(document.frame.bytes).toString('hex'));
  const rules = await page.locator('.rules > li').allInnerTexts();
  const wanted = explanation.sides.flatMap(side => side.rules);
  expect(rules.length, why).toBe(wanted.length);
  wanted.forEach(({ policy, rule, reasons, result }, i) => {
    const words = { decides: 'decides', passes: 'passes on', 'no-match': 'no match', 'not-reached': 'not reached' };
    for (const text of [words[result], `${policy} ${rule}`, ...reasons]) expect(rules[i], why).toContain(text);
  });
  const tree = await textOf(page, '.pane-tree');
  for (const { steps } of trees.walks) {
    for (const { value, holds: isSo } of steps) expect(tree, why).toContain(`${value}: ${isSo ? 'yes' : 'no'}`);
  }
  const tried = trees.walks.reduce((sum, { scan }) => sum + scan.rules, 0);
  if (trees.walks.length > 0)
    expect(tree, why).toMatch(new RegExp(`The tree takes ${trees.steps} steps.* ${tried} rules? `));
  expect(await page.locator('.pane-tree svg').count(), why).toBe(trees.walks.length);
  const rows = page.getByRole('table', { name: 'Entries of the connection table' }).locator('tbody tr');
  expect(await rows.count(), why).toBe(table.rows.length);
  for (const [i, text] of (await rows.allInnerTexts()).entries()) {
    const { source, destination, after, before, isOwn } = table.rows[i]!;
    expect(text, why).toContain(`${source} → ${destination}`);
    expect(text, why).toContain((after ?? before)!.state);
    expect(text.includes('this packet’s'), why).toBe(isOwn);
  }
  if (machine === null) return;
  const { before, after, event } = machine;
  const step = before === after ? `it stays ${after}` : `${before} → ${after}`;
  expect(await textOf(page, '.pane-machine'), why).toContain(`${event === null ? '' : `${event}: `}${step}`);
  expect(await page.locator('.pane-machine svg rect').count(), why).toBe(machine.machine.states.length);
}

describe('forward and back', () => {
  it('the same packet looks the same again, by buttons and by keys', async () => {
    const page = await opened(SCAN, '#/step?packet=60');
    await at(page, 60);
    const before = await panes(page);
    await page.getByRole('button', { name: 'Forward' }).click();
    await at(page, 61);
    expect(await panes(page)).not.toBe(before);
    await page.getByRole('button', { name: 'Back' }).click();
    await at(page, 60);
    expect(await panes(page)).toBe(before);
    await page.locator('h1').click();
    for (const [key, number] of [
      ['ArrowRight', 61],
      ['ArrowLeft', 60],
      ['Home', 1],
      ['ArrowLeft', 1],
      ['End', 135],
      ['ArrowRight', 135],
    ] as const) {
      await page.keyboard.press(key);
      await at(page, number);
      await expect.poll(() => page.url()).toContain(`packet=${number}`);
    }
    await page.goBack();
    await at(page, 1);
  });

  it('what it shows is saved as it is', async () => {
    const page = await opened(SCAN, '#/step?packet=12');
    await at(page, 12);
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save this packet as JSON' }).click();
    const document = JSON.parse(readFileSync(await (await waiting).path(), 'utf8'));
    expect(document.number).toBe(12);
  });

  it('keys stay with the field that has the focus', async () => {
    const page = await opened(SCAN, '#/step?packet=60');
    await at(page, 60);
    await page.getByRole('spinbutton', { name: 'Packet' }).focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('region', { name: 'Bytes of the frame' }).focus();
    await page.keyboard.press('ArrowRight');
    await at(page, 60);
  });

  it('to the next packet of a kind, as the command line finds it', async () => {
    const folder = SCAN;
    const args = [`${folder}/capture.pcap`, '-p', `${folder}/policies`, '-c', `${folder}/cluster.yaml`];
    const { out } = await policap(['replay', ...args, '-o', 'jsonl']);
    const lines = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(it => it.packet !== undefined);
    const dropped = lines.filter(({ verdict }) => verdict === 'dropped').map(({ packet }) => packet as number);
    const page = await opened(folder, '#/step?packet=1');
    await at(page, 1);
    for (const number of dropped.filter(it => it > 1).slice(0, 3)) {
      await page.getByRole('button', { name: 'Next dropped' }).click();
      await at(page, number);
    }
    const connections = lines.map(it => it.connection as number | null);
    const first = connections.findIndex((it, i) => it !== null && connections.indexOf(it, i + 1) > i + 1);
    const second = connections.indexOf(connections[first]!, first + 1);
    await goTo(page, `#/step?packet=${first + 1}`);
    await at(page, first + 1);
    await page.getByRole('button', { name: 'Next of this connection' }).click();
    await at(page, second + 1);
    await page.getByRole('button', { name: 'Previous of this connection' }).click();
    await at(page, first + 1);
  });

  it('a held key ends where it was let go, with the link', async () => {
    const page = await opened(SHOP, '#/step?packet=1');
    await at(page, 1);
    await page.locator('h1').click();
    const started = Date.now();
    for (let i = 0; i < 40; i++) await page.keyboard.down('ArrowRight');
    await page.keyboard.up('ArrowRight');
    await at(page, 41);
    expect(Date.now() - started).toBeLessThan(20_000);
    await expect.poll(() => page.url()).toContain('packet=41');
  });
});

describe('every state is a link', () => {
  it('the packet, what is closed, the field that is lit, and the policy’s line', async () => {
    const page = await opened(SHOP, '#/step?packet=527&closed=tree.headers&source=shop.yaml:21:7');
    await at(page, 527);
    expect(await page.locator('details.pane[open]').count()).toBe(4);
    const source = page.getByRole('complementary', { name: 'Text of shop.yaml:21:7' });
    expect(await source.locator('.lit').innerText()).toMatch(/^\s*21/);
    await source.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => page.url()).not.toContain('source');
    await page.locator('.pane-headers > summary').click();
    await page.getByRole('button', { name: /light destination port in the bytes/ }).click();
    expect(page.url()).toContain('closed=tree');
    expect(page.url()).toMatch(/field=\d+\.\d+/);
    const lit = (await page.locator('.bytes mark').innerText()).replaceAll(' ', '');
    const port = await page.locator('.fields tr.lit td').first().innerText();
    expect(Number.parseInt(lit, 16)).toBe(Number(port));
    await page.locator('.pane-rules a.code').first().click();
    await page.getByRole('complementary').waitFor();
  });

  it('a packet that is not there is said', async () => {
    const page = await opened(SCAN, '#/step?packet=1');
    await goTo(page, '#/step?packet=9999');
    await page.getByText('There is no packet 9,999: the capture holds 135 packets').waitFor();
  });

  it('without a capture says what to give', async () => {
    const { page } = await pages.open('#/step?packet=3');
    await page.getByRole('link', { name: 'give a capture, policies and a cluster' }).waitFor();
  });
});

describe('for everybody', () => {
  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)('axe finds nothing: %s, %i wide', async (colorScheme, width) => {
    const page = await opened(SHOP, '#/step?packet=527&source=shop.yaml:21:7', {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await at(page, 527);
    for (const list of await page.getByText('The same as a list').all()) await list.click();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it('says the packet and its verdict to who does not see them', async () => {
    const page = await opened(SHOP, '#/step?packet=526');
    await at(page, 526);
    await page.getByRole('button', { name: 'Next dropped' }).click();
    await page.getByRole('status').filter({ hasText: 'Packet 527 of 780: dropped' }).waitFor({ state: 'attached' });
    const drawing = page.getByRole('img', { name: /^State machine of/ });
    expect(await drawing.count()).toBe(1);
  });
});
