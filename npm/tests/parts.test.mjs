// Sweeps in parts on several threads, and everything else on one.

import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { inParts, split } from '../parts.mjs';
import { load } from '../wasm.mjs';
import { ENV, NATIVE, ROOT, home, place, same, told } from './installed.mjs';

const words = (line) => line.split(' ');

/** Checks how many threads a command gets on four cores, and what its parts and the whole are told. */
function check(line, threads, part, whole) {
    const expected = { part: words(part), whole: whole === '' ? [] : words(whole), threads };
    assert.deepEqual(split(words(line), 4), expected, line);
}

test('a sweep has a thread a core, or as many as it is told', () => {
    check('sweep caps --seeds 1..9', 4, 'caps --seeds 1..9', '');
    check('sweep --seeds=1..9 -j 2 caps --csv', 2, '--seeds=1..9 caps', '--csv');
    check('sweep any --jobs=3 --seeds 1..9 --json', 3, 'any --seeds 1..9', '--json');
    check('sweep any --jobs 3 --seeds 1..9', 3, 'any --seeds 1..9', '');
    check('sweep any --seeds 1..9 -j999', 16, 'any --seeds 1..9', '');
    check('sweep caps --color always --vary a=1..2/1 --set b=--json', 4,
        'caps --color always --vary a=1..2/1 --set b=--json', '--color always');
});

test('one thread has what is no sweep, and what is not understood', () => {
    const lines = ['run caps', 'search caps', 'museum', 'merge a', 'sweep caps --seeds 1..9 -j 1',
        'sweep caps --seeds 1..9 --shard 1/2', 'sweep caps --seeds 1..9 -j none', 'sweep --help',
        'sweep caps --json --csv --seeds 1..9', 'sweep caps --json=1 --seeds 1..9', 'sweep -- caps',
        'sweep caps --seeds 1..9 -j', '--plain sweep caps --seeds 1..9'];
    for (const line of lines) assert.equal(split(words(line), 4), null, line);
});

test('a sweep in parts has the bytes of the native one', async () => {
    const module = load(join(home, 'node_modules', 'delivery-lab', 'dlab.wasm'));
    const cases = [
        ['sweep caps --seeds 1..50 -j 2', 0],
        ['sweep caps --seeds 1..50 -j 3 --json', 0],
        ['sweep any --seeds 1..12 -j 2 --csv', 0],
        ['sweep caps --seeds 1..6 -j 2 --vary fault.0.for=1s..20s/5s --color always', 0],
        ['sweep caps --seeds 1..1 -j 4', 0],
        [`sweep ${ROOT}scenarios/caps.toml --seeds 1..6 -j 2 --set expect.0.caught_up=7 --ascii`, 1],
    ];
    const out = join(place, 'out');
    for (const [line, code] of cases) {
        const stdio = [openSync(devNull, 'r'), openSync(out, 'w'), openSync(devNull, 'w')];
        const places = { folder: home, preopens: { '/': '/' }, env: ENV, stdio };
        const ended = await inParts(module, words(line), places);
        stdio.forEach((descriptor) => closeSync(descriptor));
        const native = told(NATIVE, words(line));
        assert.equal(readFileSync(out, 'utf8'), native.stdout, line);
        assert.deepEqual([ended, native.code], [code, code], line);
    }
});

test('a sweep that cannot run says what the native one says', () => {
    for (const line of ['sweep nowhere --seeds 1..6 -j 2', 'sweep caps -j 2', 'sweep caps --seeds 1..6 -j 2 --plain --ascii']) {
        assert.equal(same(words(line)).code, 2, line);
    }
    // Without a place for parts there is one thread.
    const env = { TMPDIR: join(place, 'nowhere') };
    assert.equal(same(words('sweep caps --seeds 1..6 -j 2'), { env }).code, 0);
});
