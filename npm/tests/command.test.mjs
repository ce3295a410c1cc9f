// The command: the native program's bytes and exit codes, and what is different around it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse } from 'acorn';

import { DLAB, ENV, NATIVE, home, place, same, told } from './installed.mjs';

const SCENARIO = `
title   = "A shop"
run_for = "20s"
contenders = ["tcp/catch-up"]
client = [
    { id = "driver", publish = [{ queue = "q", event = "e", every = "1s", count = 8, start = "1s" }] },
    { id = "shop", subscribe = [{ queue = "q", event = "e" }] },
]
`;

test('npx finds the command under both of its names', () => {
    const expected = told(NATIVE, ['run', 'six-links', '--json']);
    for (const name of ['dlab', 'delivery-lab']) {
        const npx = told('npx', ['--offline', name, 'run', 'six-links', '--json']);
        assert.equal(npx.stdout, expected.stdout);
        assert.equal(npx.code, 0);
    }
});

test('stdout, stderr and exit codes are those of the native program', () => {
    assert.equal(same(['run', 'caps', '--color', 'always']).code, 0);
    assert.equal(same(['help', 'run'], { env: { COLUMNS: '60' } }).code, 0);
    assert.equal(same(['run', 'caps'], { env: { LC_ALL: 'C', NO_COLOR: '1' } }).code, 0);
    assert.equal(same(['run', 'nowhere']).code, 2);
    assert.equal(same(['run', 'caps', '--trace', 'no/such/folder', '--quiet']).code, 4);
});

test('on a terminal colours, width and length are those of the native program', () => {
    const lines = (program, args) =>
        told('script', ['-qec', `stty cols 72 rows 30; ${program} ${args}`, '/dev/null']).stdout;
    for (const args of ['run six-links', 'run six-links --full', 'run nowhere', 'sweep caps --seeds 1..9']) {
        const [npm, native] = [DLAB, NATIVE].map((program) => lines(program, args));
        assert.equal(npm, native, args);
        assert.equal(/\x1b\[/.test(native), !args.startsWith('sweep'), args);
    }
});

test('a pipe gets all of a long output, and a reader that stops is no error', () => {
    const shell = (line) => told('bash', ['-o', 'pipefail', '-c', line]);
    assert.equal(shell(`${DLAB} schema | (sleep 1; wc -c)`).stdout, shell(`${NATIVE} schema | wc -c`).stdout);
    assert.deepEqual(shell(`${DLAB} schema | head -1`), shell(`${NATIVE} schema | head -1`));
});

test('paths may be relative, absolute and outside of the folder', () => {
    const [inside, outside] = ['inside', 'outside'].map((name) => join(place, name));
    [inside, outside].forEach((folder) => mkdirSync(folder));
    writeFileSync(join(outside, 'mine.toml'), SCENARIO);
    for (const path of ['../outside/mine.toml', join(outside, 'mine.toml'), '../outside', outside]) {
        assert.match(same(['run', path], { cwd: inside }).stdout, /A shop/);
    }
    for (const [program, name] of [[NATIVE, 'native'], [DLAB, 'npm']]) {
        const written = ['--trace', `../outside/${name}.jsonl`, '--junit', join(outside, `${name}.xml`)];
        assert.equal(told(program, ['run', 'caps', '--quiet', ...written], { cwd: inside }).code, 0);
    }
    for (const end of ['jsonl', 'xml']) {
        const [native, npm] = ['native', 'npm'].map((name) => readFileSync(join(outside, `${name}.${end}`)));
        assert.ok(native.equals(npm) && native.length > 0, end);
    }
});

/** Starts a command under a shell, interrupts both as a terminal does, and returns what the shell says. */
async function interrupted(command, env, isUnderWay) {
    const shell = spawn('bash', ['-c', `trap : INT; ${command}; echo "exit code $?"`],
        { cwd: home, env: { ...ENV, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    shell.stdout.on('data', (bytes) => said.push(bytes));
    while (!isUnderWay(said)) await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(-shell.pid, 'SIGINT');
    await new Promise((resolve) => shell.once('close', resolve));
    return Buffer.concat(said).toString().trimEnd().split('\n').at(-1);
}

const ENDLESS = '--seeds 1..100000000';

test('Ctrl-C ends a run with 130', async () => {
    const isPrinting = (said) => said.length > 0;
    assert.equal(await interrupted(`${DLAB} run caps --quiet ${ENDLESS}`, {}, isPrinting), 'exit code 130');
});

test('Ctrl-C ends a sweep on several threads with 130, and leaves no files', async () => {
    const folder = join(place, 'sweep');
    mkdirSync(folder);
    // The folder of the parts, and in it one that has begun.
    const hasParts = () => readdirSync(folder, { recursive: true }).length > 3;
    const command = `${DLAB} sweep caps -j 2 ${ENDLESS}`;
    assert.equal(await interrupted(command, { TMPDIR: folder }, hasParts), 'exit code 130');
    assert.deepEqual(readdirSync(folder), []);
});

/** A program that traps: its memory, and as `_start` the instruction `unreachable`. */
const TRAP = Buffer.concat([
    '0061736d01000000', // the format, version 1
    '010401600000', // the type of a function from nothing to nothing
    '03020100', // one function of that type
    '0503010001', // one memory of a page
    '071302066d656d6f72790200065f73746172740000', // exports: memory, _start
    '0a05010300000b', // the function: unreachable
].map((section) => Buffer.from(section, 'hex')));

test('a trap is a bug with the line that replays it', () => {
    const wasm = join(place, 'trap.wasm');
    writeFileSync(wasm, TRAP);
    for (const args of [['run', 'a b.toml', '--seed', '7'], ['sweep', 'caps', '--seeds', '1..9', '-j', '2']]) {
        const { code, stdout, stderr } = told(DLAB, args, { env: { DLAB_WASM: wasm } });
        const replay = args.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ');
        assert.equal(stderr, `dlab: a bug in dlab: unreachable\nReplay: dlab ${replay}\n`);
        assert.deepEqual([code, stdout], [70, '']);
    }
});

test('a program that is damaged, missing or another one is said to be so', () => {
    const whole = readFileSync(join(home, 'node_modules', 'delivery-lab', 'dlab.wasm'));
    const another = Buffer.from('0061736d01000000', 'hex');
    for (const [name, bytes] of [['half.wasm', whole.subarray(0, 1e6)], ['another.wasm', another], ['none.wasm']]) {
        const wasm = join(place, name);
        if (bytes) writeFileSync(wasm, bytes);
        const { code, stdout, stderr } = told(DLAB, ['run', 'caps'], { env: { DLAB_WASM: wasm } });
        assert.match(stderr, /^dlab: .*install delivery-lab again \(.*\)\n$/, name);
        assert.deepEqual([code, stdout], [4, ''], name);
    }
});

test('an old Node is told that it is too old', () => {
    const command = join(home, 'node_modules', 'delivery-lab', 'dlab.cjs');
    const old = fileURLToPath(new URL('old-node.cjs', import.meta.url));
    const { code, stdout, stderr } = told(process.execPath, ['-r', old, command, 'run', 'caps']);
    assert.equal(stderr, 'dlab: it needs Node 20 or newer, and this is Node 14.21.3\n');
    assert.deepEqual([code, stdout], [2, '']);
    // Any Node can read as much of it.
    parse(readFileSync(command, 'utf8'), { ecmaVersion: 5, allowHashBang: true });
});
