// The library: reports, typed errors, types, and the README's own example.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';

import { NATIVE, ROOT, home, told } from './installed.mjs';
import { types } from './types.mjs';

const installed = join(home, 'node_modules', 'delivery-lab');
const { LabError, ScenarioError, check, run } = await import(pathToFileURL(join(installed, 'index.mjs')));

const SHOP = {
    title: 'A shop, "mine"',
    run_for: '20s',
    contenders: ['tcp/fire-and-forget', 'tcp/catch-up'],
    client: [
        { id: 'driver', publish: [{ queue: 'shop', event: 'delivered', every: '1s', count: 8, start: '1s' }] },
        { id: 'shop', subscribe: [{ queue: 'shop', event: 'delivered' }] },
    ],
    fault: [{ kind: 'disconnect', who: 'shop', at: '2.5s', for: '4s' }],
};
const missed = (report) => report.contenders.map(({ subscribers }) => subscribers[0].missed);

test('the text of a file gives the report of the native program', async () => {
    const path = join(ROOT, 'scenarios', 'six-links.toml');
    const native = told(NATIVE, ['run', path, '--json']).stdout;
    const report = await run(readFileSync(path, 'utf8'), { name: 'six-links' });
    // Only the path by which the file is named is another one.
    assert.deepEqual(report, { ...JSON.parse(native), replay: report.replay });
    assert.equal(report.replay, 'dlab run six-links.toml --seed 7');
});

test('an object gives a report, and options change the run', async () => {
    // It publishes at 1s, 2s, ... 8s, and the shop is away from 2.5s to 6.5s.
    assert.deepEqual(missed(await run(SHOP)), [4, 0]);
    const options = { seed: 7n, contenders: ['tcp/fire-and-forget'], set: { 'fault.0.for': '1s' } };
    const report = await run(SHOP, options);
    assert.deepEqual([missed(report), report.seed], [[1], 7]);
    // A failed expectation is a report, too.
    assert.equal((await run({ ...SHOP, expect: [{ contender: 'tcp/catch-up', missed: 1 }] })).result, 'failed');
});

test('calls at the same time do not disturb each other', async () => {
    const seeds = [1, 2, 3, 4];
    const reports = await Promise.all(seeds.map((seed) => run(SHOP, { seed })));
    assert.deepEqual(reports.map(({ seed }) => seed), seeds);
});

test('check says what is wrong with a scenario and where, and what is doubtful', async () => {
    const broken = await check('title = "x"\nrunfor = "9s"\n');
    const unknown = broken.problems.find(({ what }) => what.includes('runfor'));
    assert.deepEqual(unknown.places.map(({ line, column, length }) => [line, column, length]), [[2, 1, 6]]);
    assert.deepEqual((await check(SHOP)).problems, []);
    const nobody = await check({ ...SHOP, client: SHOP.client.slice(0, 1), fault: [] });
    assert.match(nobody.warnings[0].what, /reaches nobody/);
});

test('errors have a type', async () => {
    const { toml, problems, exitCode, message } = await run({ ...SHOP, run_for: 'long' }).catch((error) => {
        assert.ok(error instanceof ScenarioError && error instanceof LabError);
        return error;
    });
    const { line } = problems[0].places[0];
    assert.equal(toml.split('\n')[line - 1], 'run_for = "long"');
    assert.deepEqual([exitCode, message], [2, `line ${line}: \`run_for\` is \`long\``]);
    await assert.rejects(run(SHOP, { set: { 'fault.0.for': 'x' } }), { name: 'LabError', exitCode: 2 });
    await assert.rejects(run(7), TypeError);
    await assert.rejects(check(null), TypeError);
    await assert.rejects(run(SHOP, { name: '../mine' }), TypeError);
});

test('a signal ends a run', async () => {
    const publish = [{ queue: 'shop', event: 'delivered', every: '10ms', count: 100_000 }];
    const long = { ...SHOP, run_for: '2000s', client: [{ id: 'driver', publish }, SHOP.client[1]], fault: [] };
    const [soon, now] = [AbortSignal.timeout(100), AbortSignal.abort()];
    await assert.rejects(run(long, { force: true, signal: soon }), { name: 'TimeoutError' });
    await assert.rejects(run(SHOP, { signal: now }), { name: 'AbortError' });
});

test('the example of the README is a test that passes', () => {
    const readme = readFileSync(join(ROOT, 'npm', 'README.md'), 'utf8');
    const [, example] = /```js\n(.*?)```/s.exec(readme);
    writeFileSync(join(home, 'example.test.mjs'), example);
    const { code, stdout } = told(process.execPath, ['--test', '--test-reporter=tap', 'example.test.mjs']);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /# pass [1-9]/);
});

test('the types are those of the schemas, and a program in TypeScript compiles', async () => {
    const made = await types(join(installed, 'dlab.cjs'));
    assert.deepEqual(readdirSync(join(installed, 'types')).sort(), Object.keys(made).sort());
    for (const [file, text] of Object.entries(made)) {
        const kept = readFileSync(join(installed, 'types', file), 'utf8');
        assert.equal(kept, text, `types/${file} is old: npm run types`);
    }
    copyFileSync(new URL('example.mts', import.meta.url), join(home, 'example.mts'));
    const modules = join(ROOT, 'npm', 'node_modules');
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
    const roots = ['--typeRoots', join(modules, '@types')];
    const { code, stdout } = told(join(modules, '.bin', 'tsc'), [...options, ...roots, 'example.mts']);
    assert.equal(code, 0, stdout);
});

test('the version is that of the crate', () => {
    const [, version] = /^version = "(.*)"$/m.exec(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8'));
    const { version: ours } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    assert.equal(ours, version);
    assert.equal(told(join(home, 'node_modules', '.bin', 'dlab'), ['--version']).stdout, `dlab ${version}\n`);
});
