/**
 * The course in the page: every lesson opens, refuses what the learner begins with, and passes a right answer; what the check says is
 * what `policap learn --check` says.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { violations } from './axe.js';
import { usePages } from './browser.js';

const pages = usePages();
const names = readdirSync('lessons', { withFileTypes: true })
  .filter(it => it.isDirectory())
  .map(({ name }) => name)
  .sort();

const titleOf = (name: string): string => readFileSync(`lessons/${name}/lesson.md`, 'utf8').split('\n')[0]!.slice(2);
const editor = (page: Page) => page.getByRole('textbox', { name: /^Your (policy|answers)/ });
const verdict = (page: Page) => page.getByRole('region', { name: 'What the check says' }).getByRole('heading');

async function check(page: Page, text: string): Promise<string> {
  await editor(page).fill(text);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('button', { name: 'Check', exact: true, disabled: false }).waitFor();
  return (await verdict(page).textContent()) ?? '';
}

describe('the course', () => {
  it('is listed in order', async () => {
    const { page } = await pages.open('#/lessons', 'folder');
    const links = page.locator('.lessons li > a');
    await links.first().waitFor();
    expect(await links.allTextContents()).toEqual(names.map(titleOf));
  });

  for (const name of names) {
    it(`${name}: passes a right answer, and not what one begins with`, async () => {
      const { page } = await pages.open(`#/lessons?lesson=${name}`);
      await page.getByRole('heading', { level: 1, name: titleOf(name) }).waitFor();
      const start = readFileSync(`lessons/${name}/start.yaml`, 'utf8');
      expect(await editor(page).inputValue()).toBe(start);
      expect(await check(page, start)).not.toContain('Passed');
      expect(await check(page, readFileSync(`lessons/${name}/solution.yaml`, 'utf8'))).toContain('Passed');
      await page.getByRole('link', { name: 'All lessons' }).click();
      await page.getByText(`1 of ${names.length} passed in this browser`).waitFor();
    });
  }

  it('keeps what was written, gives hints one after another, and shows an answer', async () => {
    const { page } = await pages.open('#/lessons?lesson=06-dns');
    await editor(page).fill('# mine');
    await page.reload();
    await editor(page).waitFor();
    expect(await editor(page).inputValue()).toBe('# mine');
    await page.getByRole('button', { name: 'A hint' }).click();
    await page.getByRole('region', { name: 'Hint 1' }).waitFor();
    expect(await page.getByRole('region', { name: 'Hint 2' }).count()).toBe(0);
    await page.getByRole('button', { name: 'One more hint' }).click();
    await page.getByRole('region', { name: 'Hint 2' }).waitFor();
    await page.getByRole('button', { name: 'Show a right answer' }).click();
    expect(await editor(page).inputValue()).toBe(readFileSync('lessons/06-dns/solution.yaml', 'utf8'));
    await page.getByRole('button', { name: 'Begin again' }).click();
    expect(await editor(page).inputValue()).toBe(readFileSync('lessons/06-dns/start.yaml', 'utf8'));
  });

  it('says what a wrong answer leaves open, and where a file is wrong', async () => {
    const { page } = await pages.open('#/lessons?lesson=06-dns');
    await editor(page).waitFor();
    const wrong = readdirSync('lessons/06-dns/wrong')[0]!;
    expect(await check(page, readFileSync(`lessons/06-dns/wrong/${wrong}`, 'utf8'))).toContain('Not yet');
    const sentences = [...readFileSync('lessons/06-dns/check.yaml', 'utf8').matchAll(/otherwise: "([^"]*)"/g)];
    const said = await page.locator('.expected strong').allTextContents();
    expect(said.length).toBeGreaterThan(0);
    for (const sentence of said) expect(sentences.map(([, text]) => text)).toContain(sentence);
    expect(await check(page, 'kind: NetworkPolicy\nspec: [')).toContain('Nothing could be judged');
    await page
      .getByText(/policy\.yaml:\d+:\d+/)
      .first()
      .waitFor();
  });

  it('gives the file away that was written', async () => {
    const { page } = await pages.open('#/lessons?lesson=06-dns');
    await editor(page).fill('# mine');
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe('policy.yaml');
    expect(readFileSync(await download.path(), 'utf8')).toBe('# mine');
  });

  it("opens the lesson's traffic in the replay view, judged by what was written", async () => {
    const { page } = await pages.open('#/lessons?lesson=06-dns');
    await editor(page).waitFor();
    await page.getByRole('button', { name: 'See the traffic' }).click();
    await page.getByRole('region', { name: 'Refused conversations' }).getByText('kube-system').first().waitFor();
    expect(page.url()).toContain('#/replay');
  });

  for (const options of [
    { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
    { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  ] as const) {
    it(`has no fault that axe knows: ${options.colorScheme}, ${options.viewport.width} pixels`, async () => {
      const { page } = await pages.open('#/lessons', 'server', options);
      await page.locator('.lessons li').first().waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('link', { name: titleOf('06-dns') }).click();
      await check(page, readFileSync('lessons/06-dns/start.yaml', 'utf8'));
      expect(await violations(page)).toEqual([]);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(options.viewport.width);
    });
  }
});
