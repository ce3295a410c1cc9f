// Opens the lab's page in Chromium, from a file and from a web host.
//
//   node --test web/tests/lab.test.mjs
//
// DLAB is the native program that it is compared with, CHROMIUM the browser.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const DLAB = process.env.DLAB ?? path('../target/debug/dlab');
const LAB = path('dist/lab.html');
/** A scenario that takes minutes: a message ten times a second for a day of simulated time. */
const ENDLESS = `title = "A day"
run_for = "24h"
contenders = ["tcp/fire-and-forget"]
[[client]]
id = "a"
publish = [{ queue = "q", event = "tick", start = "1s", every = "100ms" }]
[[client]]
id = "b"
subscribe = [{ queue = "q", event = "tick" }]
`;

let browser;
const folder = mkdtempSync(join(tmpdir(), 'dlab-lab-'));

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // As root, without a network, and without what a browser does by itself.
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page, and notes what it asks for and what goes wrong in it. */
async function open(address, options = {}) {
  const { prepare = () => {}, ...context } = options;
  const page = await browser.newPage(context);
  const seen = { requests: [], errors: [] };
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('pageerror', (error) => seen.errors.push(error.message));
  await prepare(page);
  await page.goto(String(address));
  return Object.assign(page, { seen });
}

const state = (page, words) =>
  page.waitForFunction((words) => document.getElementById('state').textContent.includes(words), words);

const native = (...args) => execFileSync(DLAB, args, { maxBuffer: 1 << 28, encoding: 'utf8' });

async function choose(page, name) {
  await page.selectOption('#scenarios', name);
  await page.waitForFunction((name) => lab.ran?.given === name && !lab.runs.under_way, name);
}

test('from a file it runs scenarios with the bytes of the native program, and asks nobody', async () => {
  const page = await open(pathToFileURL(LAB));
  await state(page, 'Ran in');
  for (const name of ['caps', 'six-links', 'both-ways']) {
    await choose(page, name);
    assert.equal(await page.evaluate(() => lab.ran.out), native('run', name, '--json'), name);
  }
  const asked = page.seen.requests.filter((url) => !url.startsWith('blob:'));
  assert.deepEqual(asked, [String(pathToFileURL(LAB))]);
  assert.deepEqual(page.seen.errors, []);
  await page.close();
});

test('an edit into an error is shown at its line, and an edit back runs', async () => {
  const page = await open(pathToFileURL(LAB));
  await state(page, 'Ran in');
  await page.waitForFunction(() => document.querySelector('#editor textarea').value !== '');
  const text = await page.inputValue('textarea');
  const line = text.split('\n').findIndex((one) => one.startsWith('run_for')) + 1;
  await page.fill('textarea', text.replace('run_for', 'runfor'));
  await page.waitForSelector('.problems li.problem');
  const problems = await page.textContent('.problems');
  assert.match(problems, /no key `runfor`/);
  const marked = await page.locator('.gutter span.problem').allTextContents();
  assert.ok(marked.includes(String(line)), `lines ${marked}`);
  await page.click('.problems li:has-text("runfor") button');
  const selected = await page.$eval('textarea', (area) =>
    area.value.slice(area.selectionStart, area.selectionEnd));
  assert.equal(selected, 'runfor');
  await page.click('#run');
  await state(page, 'cannot be run');

  await page.fill('textarea', text.replace('seed    = 42', 'seed    = 43'));
  await page.waitForFunction(() => document.getElementById('checked').textContent === 'valid');
  await page.keyboard.press('Control+Enter');
  await state(page, 'Ran in');
  const file = join(folder, 'caps.toml');
  writeFileSync(file, text.replace('seed    = 42', 'seed    = 43'));
  const of_file = JSON.parse(native('run', file, '--json'));
  const of_page = JSON.parse(await page.evaluate(() => lab.ran.out));
  assert.equal(of_page.trace_hash, of_file.trace_hash);
  assert.deepEqual(of_page.contenders, of_file.contenders);
  await page.close();
});

test('a click on a message tells its life', async () => {
  const page = await open(pathToFileURL(LAB));
  await state(page, 'Ran in');
  await page.click('.messages button.missed');
  await page.waitForSelector('#life:not([hidden])');
  const told = await page.textContent('#life-text');
  assert.equal(told, native('run', 'caps', '--contender', 'udp/fire-and-forget', '--why', 'driver-3'));
  await page.click('#as-text');
  await page.waitForSelector('#text:not([hidden])');
  assert.equal(await page.textContent('#text'), native('run', 'caps', '--full'));
  await page.close();
});

test('an endless run is stopped, and the next one runs', async () => {
  const page = await open(pathToFileURL(LAB));
  await state(page, 'Ran in');
  await page.fill('textarea', ENDLESS);
  await page.click('#run');
  await page.waitForSelector('#stop:not([hidden])');
  await page.waitForTimeout(500);
  await page.click('#stop');
  await state(page, 'was stopped');
  assert.equal(await page.isVisible('#stop'), false);
  await choose(page, 'both-ways');
  await state(page, 'Ran in');
  await page.close();
});

test('what is too large is refused with a sentence', async () => {
  const page = await open(pathToFileURL(LAB));
  await state(page, 'Ran in');
  await page.fill('textarea', ENDLESS.replace('id = "a"', 'id = "a"\ncount = 1000000'));
  await page.waitForSelector('.problems li.problem');
  assert.match(await page.textContent('.problems'), /1 to 10000/);
  await page.close();
});

test('from a web host the program is fetched once', async () => {
  const asked = [];
  const kinds = { html: 'text/html', wasm: 'application/wasm' };
  const server = createServer(({ url }, response) => {
    asked.push(url);
    const name = url === '/' ? 'index.html' : url.slice(1);
    response.setHeader('Content-Type', kinds[name.split('.').pop()]);
    response.end(readFileSync(path(`dist/site/${name}`)));
  });
  after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const page = await open(`http://127.0.0.1:${server.address().port}/`);
  await state(page, 'Ran in');
  await choose(page, 'both-ways');
  assert.deepEqual(asked, ['/', '/dlab.wasm']);
  await page.close();
});

test('a damaged file says so', async () => {
  const whole = readFileSync(LAB, 'utf8');
  const at = whole.indexOf('id="program"') + 100_000;
  const damaged = join(folder, 'damaged.html');
  writeFileSync(damaged, whole.slice(0, at) + 'AAAA' + whole.slice(at + 4));
  const page = await open(pathToFileURL(damaged));
  await state(page, 'is damaged');
  await page.close();
});

test('a browser that lacks something is told what', async () => {
  for (const name of ['WebAssembly', 'DecompressionStream', 'Worker']) {
    const prepare = (page) => page.addInitScript((name) => { delete globalThis[name]; }, name);
    const page = await open(pathToFileURL(LAB), { prepare });
    await state(page, `no ${name}`);
    await page.close();
  }
  const page = await open(pathToFileURL(LAB), { javaScriptEnabled: false });
  assert.match(await page.textContent('noscript'), /needs JavaScript/);
  await page.close();
});

for (const width of [360, 1280]) {
  test(`at ${width} px nothing is wider than the page`, async () => {
    const page = await open(pathToFileURL(LAB), { viewport: { width, height: 800 } });
    await state(page, 'Ran in');
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wider <= 0, `${wider} px`);
    await page.close();
  });
}
