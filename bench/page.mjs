#!/usr/bin/env node
/**
 * What the page costs in a real browser: node bench/page.mjs [CAPTURE DOCUMENTS...]
 *
 * In:  nothing, or files to drop on the page; by default 1,000,000 generated packets and 50 policies. Needs dist/web and chromium.
 * Out: bytes of the first load as gzip has them; seconds until the verdicts stand; the longest task on the main thread until then;
 * frames a second while 1,000,000 rows are scrolled; milliseconds of a filter and of an order.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(root, 'dist/web');
const folder = mkdtempSync(join(tmpdir(), 'policap-page-'));

function generated(name, args) {
  const file = join(folder, name);
  const fd = openSync(file, 'w');
  spawnSync(process.execPath, [join(root, 'bin/policap'), 'generate', ...args], { stdio: ['ignore', fd, 2] });
  closeSync(fd);
  return file;
}

function generatedFiles() {
  const cluster = generated('cluster.json', ['cluster', '--pods', '3000', '--policies', '200']);
  return [generated('capture.pcap', ['capture', '-p', cluster, '-c', cluster, '--packets', '1000000']), cluster];
}

/** In the page: tasks over 50 ms, as the browser reports them, and frames. */
const watch = () => {
  globalThis.longest = 0;
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
  }).observe({ type: 'longtask', buffered: true });
};

/** @param pixels of the scroll bar a frame: 40 is a wheel turned fast; with 200 half of the rows in sight are new in each */
const framesWhileScrolling = async pixels => {
  const grid = document.querySelector('.grid');
  const times = [];
  const until = performance.now() + 3000;
  await new Promise(done => {
    const frame = now => {
      times.push(now);
      grid.scrollTop += pixels;
      if (now < until) requestAnimationFrame(frame);
      else done();
    };
    requestAnimationFrame(frame);
  });
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  gaps.sort((a, b) => a - b);
  return { perSecond: 1000 / (gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length), longest: gaps.at(-1) };
};

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const files = process.argv.length > 2 ? process.argv.slice(2) : generatedFiles();
  const size = name => gzipSync(readFileSync(join(site, name)), { level: 9 }).length;
  const first = ['index.html', 'app.js', 'style.css'].reduce((sum, name) => sum + size(name), 0);
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(300_000);
  await page.addInitScript(watch);
  await page.goto(pathToFileURL(join(site, 'index.html')).href);
  let began = performance.now();
  const took = () => Math.round(performance.now() - began);
  await page.setInputFiles('input[type=file]', files);
  await page.getByRole('table', { name: 'By verdict' }).waitFor();
  const load = took();
  const longest = await page.evaluate(() => globalThis.longest);
  await page.getByRole('link', { name: 'Packets', exact: true }).click();
  await page.locator('.grid .row:not(.waiting):not(.head)').first().waitFor();
  const frames = await page.evaluate(framesWhileScrolling, 40);
  const thrown = await page.evaluate(framesWhileScrolling, 200);
  const said = text => page.locator('#where-says').filter({ hasText: text }).waitFor();
  began = performance.now();
  await page.getByLabel('Filter').fill('packet == 17');
  await said('1 of');
  const filter = took();
  const rows = [
    ['first load, kB of gzip', (first / 1000).toFixed(1)],
    ['engine.js, loaded when it is needed, kB of gzip', (size('engine.js') / 1000).toFixed(1)],
    ['files to verdicts, ms', load],
    ['longest task on the main thread until then, ms', Math.round(longest)],
    ['frames a second while rows are scrolled', frames.perSecond.toFixed(0)],
    ['longest frame of these, ms', Math.round(frames.longest)],
    ['frames a second while they are thrown', thrown.perSecond.toFixed(0)],
    ['longest task of all, ms', Math.round(await page.evaluate(() => globalThis.longest))],
    ['a filter, from its last key, ms', filter],
  ];
  process.stdout.write('| | |\n| --- | ---: |\n');
  for (const [name, value] of rows) process.stdout.write(`| ${name} | ${value} |\n`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
