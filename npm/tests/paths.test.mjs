// Windows paths: how a command's arguments are told to a program that knows only `/`.

import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { guest } from '../paths.mjs';
import { load, run } from '../wasm.mjs';
import { ENV, ROOT, home, place } from './installed.mjs';

function check(args, expected, { folder = 'C:\\Users\\ann' } = {}) {
    assert.deepEqual(guest(args, folder, true).args, expected);
}

test('elsewhere nothing is translated', () => {
    const args = ['run', 'C:\\mine.toml', 'a\\b'];
    assert.deepEqual(guest(args, '/home/ann', false), { args, folder: '/home/ann', preopens: { '/': '/' } });
});

test('a drive is a folder, and only drives that are named are open', () => {
    assert.deepEqual(guest(['run', 'd:\\lab\\mine.toml', 'E:/x.toml'], 'C:\\Users\\ann', true), {
        args: ['run', '/d/lab/mine.toml', '/e/x.toml'],
        folder: '/c/Users/ann',
        preopens: { '/c': 'C:\\', '/d': 'D:\\', '/e': 'E:\\' },
    });
    check(['run', 'C:\\'], ['run', '/c/']);
    check(['run', 'C:'], ['run', '/c/']);
});

test('relative paths and those of options have slashes', () => {
    check(['run', '..\\mine.toml', '.\\a\\b', 'lab\\my own.toml'], ['run', '../mine.toml', './a/b', 'lab/my own.toml']);
    check(['run', 'caps', '--trace=C:\\t.jsonl', '--junit=out\\caps.xml'],
        ['run', 'caps', '--trace=/c/t.jsonl', '--junit=out/caps.xml']);
    check(['run', 'caps', '--trace', 'D:\\t.jsonl'], ['run', 'caps', '--trace', '/d/t.jsonl']);
});

test('what is no path stays', () => {
    const args = ['run', 'caps', '--set', 'fault.0.for=30s', '--set=title="a\\\\b"', 'driver-3,2s..4s', 'tcp/catch-up'];
    check(args, args);
    check(['run', '\\\\server\\share\\mine.toml'], ['run', '\\\\server\\share\\mine.toml']);
});

test('the program finds its folder and its files on drives', async () => {
    const module = load(join(home, 'node_modules', 'delivery-lab', 'dlab.wasm'));
    // A folder of this computer stands for the drive.
    const drive = join(place, 'drive');
    mkdirSync(join(drive, 'lab'), { recursive: true });
    writeFileSync(join(drive, 'lab', 'mine.toml'), readFileSync(join(ROOT, 'scenarios', 'caps.toml')));
    for (const path of ['mine.toml', '..\\lab\\mine.toml', 'C:\\lab\\mine.toml']) {
        const line = ['run', path, '--quiet', '--junit=out.xml'];
        const { args, folder, preopens } = guest(line, 'C:\\lab', true);
        assert.deepEqual(preopens, { '/c': 'C:\\' });
        const stdio = [openSync(devNull, 'r'), openSync(join(place, 'said'), 'w'), openSync(devNull, 'w')];
        const code = await run(module, args, { folder, preopens: { '/c': drive }, env: ENV, stdio });
        stdio.forEach((descriptor) => closeSync(descriptor));
        assert.equal(code, 0, path);
        assert.match(readFileSync(join(place, 'said'), 'utf8'), /^met +mine, seed 42\n$/, path);
        assert.match(readFileSync(join(drive, 'lab', 'out.xml'), 'utf8'), /testsuite/, path);
    }
});
