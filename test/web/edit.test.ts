/**
 * A policy is changed in the page, by keyboard, and what changes is what `policap diff` says of the same files.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHANGE_HEADINGS } from '../../src/diff/change.js';
import type { ChangedConnections, Diff } from '../../src/diff/connections.js';
import { headline } from '../../src/diff/text.js';
import { endText, serviceText, whyText } from '../../src/report/connection-text.js';
import { count, plural } from '../../src/report/style.js';
import { policap } from '../cli/person.js';
import { violations } from './axe.js';
import { usePages } from './browser.js';

const pages = usePages();
const CAPTURE = 'pcaps/shop/capture.pcapng';
const CLUSTER = 'pcaps/shop/cluster.yaml';
const policies = readdirSync('pcaps/shop/policies').map(name => `pcaps/shop/policies/${name}`);
const data = readFileSync('pcaps/shop/policies/data.yaml', 'utf8');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-edit-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The capture and the policies are open, and the editor shows a file. */
async function editing(file = 'data.yaml', options: Parameters<typeof pages.open>[2] = {}): Promise<Page> {
  const { page } = await pages.open('', 'server', options);
  await page.setInputFiles('input[type=file]', [CAPTURE, CLUSTER, ...policies]);
  await page.getByRole('table', { name: 'By verdict' }).waitFor();
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await page.getByRole('link', { name: file, exact: true }).click();
  await page.getByRole('textbox', { name: `of ${file}` }).waitFor();
  await judged(page);
  return page;
}

/** Nothing is being judged any more. */
async function judged(page: Page): Promise<void> {
  await page.waitForTimeout(30);
  await page.locator('section.changes[aria-busy=false]').waitFor();
}

const editor = (page: Page): Locator => page.getByRole('textbox', { name: /^Editor of/ });
const press = async (page: Page, key: string, times = 1): Promise<void> => {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};

/** The list of completions takes no key in the moment in which it opens: nobody has read it yet. */
const READ = 150;

async function toLine(page: Page, line: number): Promise<void> {
  await editor(page).focus();
  await press(page, 'Control+Home');
  await press(page, 'ArrowDown', line - 1);
  await press(page, 'End');
}

/** Line 15, `- { port: postgres }`: the database is reached on another port alone. */
async function changePort(page: Page): Promise<string> {
  await toLine(page, 15);
  await press(page, 'Backspace', 'postgres }'.length);
  await page.keyboard.type('9999 }');
  await press(page, 'Escape');
  await judged(page);
  return data.replace('{ port: postgres }', '{ port: 9999 }');
}

/** What the command line says of the policies with one of them changed. */
async function expected(name: string, text: string | null): Promise<Diff> {
  const after = mkdtempSync(join(folder, 'after-'));
  for (const path of policies) writeFileSync(join(after, basename(path)), readFileSync(path));
  if (text === null) rmSync(join(after, name));
  else writeFileSync(join(after, name), text);
  const sides = ['--before', 'pcaps/shop/policies', '--after', after];
  const { out, code } = await policap(['diff', CAPTURE, '-c', CLUSTER, ...sides, '-o', 'json']);
  expect(code).toBe(0);
  return JSON.parse(out.replaceAll(`${after}/`, '').replaceAll('pcaps/shop/policies/', ''));
}

const words = (text: string | null): string => (text ?? '').replace(/\s+/g, ' ').trim();

function groupWords(it: ChangedConnections): string {
  const ends = `${endText(it.source)} → ${endText(it.destination)} ${serviceText(it)}`;
  const via = it.service === null ? '' : ` via ${it.service}`;
  const numbers = `${plural(it.connections, 'connection')}, ${plural(it.packets, 'packet')}, first at packet ${count(it.firstPacket)}`;
  return words(`${ends}${via} ${numbers}`);
}

async function expectDiff(page: Page, diff: Diff): Promise<void> {
  const changes = page.getByRole('region', { name: 'What changes' });
  await changes.getByText(headline(diff)).waitFor();
  const rows = changes.getByRole('table', { name: 'Before and after' }).locator('tbody tr');
  const texts = await rows.evaluateAll(all =>
    all.map(row => [...row.querySelectorAll('td')].map(it => it.textContent)),
  );
  const numbers = (it: { dropped: number; undecided: number; allowed: number }): string[] =>
    [it.dropped, it.undecided, it.allowed].map(count);
  const { before, after } = diff;
  expect(texts).toEqual([before.connections, after.connections, before.packets, after.packets].map(numbers));
  const groups = changes.locator('.groups li');
  expect(await groups.count()).toBe(diff.changes.length);
  for (const [i, it] of diff.changes.entries()) {
    const group = groups.nth(i);
    const heading = group.locator('xpath=ancestor::section[1]');
    expect(await heading.getAttribute('aria-label')).toBe(CHANGE_HEADINGS[it.change]);
    const lines = await group.locator('p').allTextContents();
    expect(words(lines.join(' '))).toContain(groupWords(it));
    for (const [side, answer] of [it.before, it.after].entries()) {
      const text = words(await group.locator('dd').nth(side).textContent());
      expect(text).toContain(words(`${answer.verdict} ${whyText(answer)}`));
    }
  }
}

describe('a change in the editor', () => {
  it('is judged as policap diff judges it, before and after, and undone when it is reverted', async () => {
    const page = await editing();
    const diff = await expected('data.yaml', await changePort(page));
    expect(diff.changes.length).toBeGreaterThan(0);
    await expectDiff(page, diff);
    await page.getByRole('button', { name: 'Revert' }).click();
    await expectDiff(page, await expected('data.yaml', data));
  });

  it('is saved as the comment that policap diff writes', async () => {
    const page = await editing();
    const changed = await changePort(page);
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as Markdown' }).click();
    const saved = readFileSync(await (await waiting).path(), 'utf8');
    const file = join(folder, 'data.yaml');
    writeFileSync(file, changed);
    const sides = ['--before', ...policies, '--after', file, ...policies.filter(it => !it.endsWith('/data.yaml'))];
    const { out } = await policap(['diff', CAPTURE, '-c', CLUSTER, ...sides, '-o', 'markdown']);
    const named = (text: string): string =>
      text.replaceAll(`${folder}/`, '').replaceAll('pcaps/shop/policies/', '').replaceAll('pcaps/shop/', '');
    expect(named(saved)).toBe(named(out));
  });

  it('names the line that decides, which the editor lights', async () => {
    const page = await editing();
    const diff = await expected('data.yaml', await changePort(page));
    const [its] = diff.changes as [ChangedConnections];
    const line = Number(/:(\d+):/.exec(its.after.ingress!.source!)?.[1]);
    const changes = page.getByRole('region', { name: 'What changes' });
    await changes
      .getByRole('link', { name: `data.yaml:${line}` })
      .first()
      .click();
    const lit = page.locator('.cm-lit');
    await lit.waitFor();
    expect(words(await lit.textContent())).toBe(data.split('\n')[line - 1]!.trim());
    expect(new URL(page.url()).hash).toBe(`#/edit?file=data.yaml&line=${line}`);
  });

  it('leads to the connections in the replay, which then judges what stands in the editor', async () => {
    const page = await editing();
    const text = await changePort(page);
    const diff = await expected('data.yaml', text);
    const link = page.getByRole('link', { name: /^Show in replay/ }).first();
    const parameters = new URLSearchParams((await link.getAttribute('href'))!.replace(/^[^?]*\?/, ''));
    expect(parameters.get('table')).toBe('connections');
    const { connections } = diff.changes[0]!;
    const found = await policap([
      ...['replay', CAPTURE, '-c', CLUSTER, '-p', 'pcaps/shop/policies', '-o', 'jsonl', '--records', 'connections'],
      ...['--where', parameters.get('where')!],
    ]);
    expect(found.out.trim().split('\n').length).toBe(connections);
    await link.click();
    const row = page.getByRole('table', { name: 'By verdict' }).locator('tbody tr').nth(1);
    await row.getByText(count(diff.after.connections.dropped), { exact: true }).waitFor();
    await page.goBack();
    await expectDiff(page, diff);
  });

  it('with an error is marked at its line; the last verdicts stay, with the sentence why', async () => {
    const page = await editing();
    const diff = await expected('data.yaml', await changePort(page));
    await toLine(page, 7);
    await press(page, 'Home');
    await page.keyboard.type('x: [');
    const changes = page.getByRole('region', { name: 'What changes' });
    await changes.getByText(/nothing can be judged/).waitFor();
    await changes.getByText(headline(diff)).waitFor();
    await page.locator('.cm-lint-marker-error').first().waitFor();
    const problems = page.getByRole('region', { name: 'Problems of the documents' });
    await problems
      .getByText(/^data\.yaml:\d+:\d+$/)
      .first()
      .waitFor();
    await press(page, 'Backspace', 4);
    await changes.getByText(/nothing can be judged/).waitFor({ state: 'detached' });
    await expectDiff(page, diff);
    expect(await page.locator('.cm-lint-marker-error').count()).toBe(0);
  });

  it('that the compiler warns of says where', async () => {
    const page = await editing();
    await toLine(page, 8);
    await press(page, 'Enter');
    await page.keyboard.type('matchLabel: {}');
    await press(page, 'Escape');
    const problems = page.getByRole('region', { name: 'Problems of the documents' });
    await problems.getByText('data.yaml:9:5').waitFor();
    await problems.getByText('did you mean `matchLabels`?').waitFor();
    await page.locator('.cm-lint-marker-warning').first().waitFor();
  });
});

describe('the keyboard', () => {
  it("completes with the cluster's labels", async () => {
    const page = await editing();
    await toLine(page, 8);
    await press(page, 'Backspace', 'db }'.length);
    await press(page, 'Control+Space');
    const list = page.getByRole('listbox');
    await list.waitFor();
    const offered = await list.getByRole('option').allTextContents();
    expect(offered.map(it => it.replace(/\d+ pods?$/, ''))).toEqual(
      expect.arrayContaining(['api', 'cache', 'db', 'web']),
    );
    await page.keyboard.type('cac');
    await page.waitForTimeout(READ);
    await press(page, 'Enter');
    await page.keyboard.type(' }');
    await judged(page);
    await expectDiff(page, await expected('data.yaml', data.replace('{ app: db }', '{ app: cache }')));
  });

  it('completes fields, and what they hold, while something is typed', async () => {
    const page = await editing();
    await toLine(page, 8);
    await press(page, 'Enter');
    await press(page, 'Home');
    await press(page, 'Shift+End');
    await press(page, 'Delete');
    await page.keyboard.type('  pol');
    await page.getByRole('option', { name: 'policyTypes' }).waitFor();
    await page.waitForTimeout(READ);
    await press(page, 'Enter');
    await page.getByRole('option', { name: 'Egress' }).waitFor();
    await page.waitForTimeout(READ);
    await press(page, 'ArrowDown');
    await press(page, 'Enter');
    await judged(page);
    const text = data.replace('{ app: db }\n', '{ app: db }\n  policyTypes:\n    - Egress\n');
    await expectDiff(page, await expected('data.yaml', text));
  });

  it('leaves the editor by Tab, and comes back', async () => {
    const page = await editing();
    await editor(page).focus();
    await press(page, 'Tab');
    expect(await page.evaluate('document.activeElement.shadowRoot')).toBe(null);
    await press(page, 'Shift+Tab');
    expect(await page.evaluate('document.activeElement.shadowRoot.activeElement.role')).toBe('textbox');
  });
});

describe('files', () => {
  it('can be new, renamed, taken away and put back', async () => {
    const page = await editing();
    const list = page.getByRole('navigation', { name: 'Documents' });
    await page.getByRole('button', { name: 'New policy' }).click();
    await page.getByLabel('File name').fill('data.yaml');
    await page.getByText('There is a file data.yaml already.').waitFor();
    await page.getByLabel('File name').fill('mine.yaml');
    await press(page, 'Enter');
    await list.getByRole('listitem').filter({ hasText: 'mine.yaml' }).getByText('new').waitFor();
    await page.getByRole('textbox', { name: 'Editor of mine.yaml' }).waitFor();
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('File name').fill('own.yaml');
    await press(page, 'Enter');
    await page.getByRole('textbox', { name: 'Editor of own.yaml' }).waitFor();
    await page.getByRole('button', { name: 'Take away' }).click();
    await list.getByRole('link', { name: 'data.yaml' }).click();
    await page.getByRole('button', { name: 'Take away' }).click();
    await expectDiff(page, await expected('data.yaml', null));
    await page.getByRole('button', { name: 'Put data.yaml back' }).click();
    await expectDiff(page, await expected('data.yaml', data));
  });

  it('of the cluster can be read, not changed', async () => {
    const page = await editing('cluster.yaml');
    await page.getByText('can be read here, not changed').waitFor();
    await page.getByRole('textbox', { name: 'Text of cluster.yaml' }).focus();
    await page.keyboard.type('x');
    expect(await page.getByText('changed', { exact: true }).count()).toBe(0);
  });

  it('are held against what the reader sets', async () => {
    const page = await editing();
    const text = await changePort(page);
    await page.getByRole('button', { name: 'Take as “before”' }).click();
    const changes = page.getByRole('region', { name: 'What changes' });
    await changes.getByText('connections are judged as before').waitFor();
    const after = await expected('data.yaml', text);
    const row = changes.getByRole('table').locator('tbody tr').first();
    expect(await row.locator('td').first().textContent()).toBe(count(after.after.connections.dropped));
  });

  it('that are not saved make the browser ask before it leaves', async () => {
    const page = await editing();
    const asks = (): Promise<boolean> =>
      page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))");
    expect(await asks()).toBe(false);
    const text = await changePort(page);
    expect(await asks()).toBe(true);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download this file' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('data.yaml');
    expect(readFileSync(await download.path(), 'utf8')).toBe(text);
    expect(await asks()).toBe(false);
  });
});

describe('a workspace as one file', () => {
  async function shared(page: Page, isWith: boolean): Promise<string> {
    await page.getByRole('button', { name: 'Download workspace' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Captures hold what was sent').waitFor();
    if (isWith) await dialog.getByRole('checkbox', { name: 'with 1 capture' }).check();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Download', exact: true }).click(),
    ]);
    await dialog.waitFor({ state: 'detached' });
    const path = join(folder, `${isWith ? 'with' : 'without'}-${download.suggestedFilename()}`);
    await download.saveAs(path);
    return path;
  }

  it('shows the same where it is opened', async () => {
    const page = await editing();
    const diff = await expected('data.yaml', await changePort(page));
    const file = await shared(page, true);
    const { page: other } = await pages.open();
    await other.setInputFiles('input[type=file]', file);
    await expectDiff(other, diff);
    await other.getByRole('textbox', { name: 'Editor of data.yaml' }).waitFor();
    expect(new URL(other.url()).hash).toBe(new URL(page.url()).hash);
  });

  it('goes without captures, which can be given beside it', async () => {
    const page = await editing();
    const diff = await expected('data.yaml', await changePort(page));
    const { page: other } = await pages.open();
    await other.setInputFiles('input[type=file]', await shared(page, false));
    await other.getByText('No capture is open').waitFor();
    await other.getByRole('link', { name: 'Open', exact: true }).click();
    await other.setInputFiles('input[type=file]', CAPTURE);
    await other.getByRole('table', { name: 'By verdict' }).waitFor();
    await other.getByRole('link', { name: 'Edit', exact: true }).click();
    await expectDiff(other, diff);
  });

  it('that is damaged is refused with a sentence', async () => {
    const page = await editing();
    const file = await shared(page, true);
    const { page: other } = await pages.open();
    const mimeType = 'application/octet-stream';
    await other.setInputFiles('input[type=file]', [
      { name: 'cut.policap', mimeType, buffer: readFileSync(file).subarray(0, -10) },
    ]);
    await other.getByRole('alert').filter({ hasText: 'cut.policap: 10 bytes are missing' }).waitFor();
  });
});

it('has no fault that axe knows, in light, in dark and at 360 pixels', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 360]) {
      const page = await editing('data.yaml', { colorScheme, viewport: { width, height: 800 } });
      await changePort(page);
      expect(await violations(page)).toEqual([]);
      await toLine(page, 7);
      await page.keyboard.type('x: [');
      await page.getByText(/nothing can be judged/).waitFor();
      await press(page, 'Control+Space');
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await page.getByRole('button', { name: 'Download workspace' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await violations(page)).toEqual([]);
    }
  }
});
