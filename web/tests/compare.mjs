// Compares the program as WebAssembly with the native one: exit code, stdout, stderr and the files
// that it wrote, byte for byte.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { load, run } from '../../npm/wasm.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

/** The native program, of the same commit: what `cargo test` has built. */
export const NATIVE = resolve(process.env.DLAB ?? join(BUILT, 'debug', 'dlab'));

const WASM = resolve(process.env.DLAB_WASM ?? join(ROOT, 'web', 'dist', 'dlab.wasm'));

/** What both programs are told. `COLUMNS` is the width of help and diagnostics. */
const ENV = { LC_ALL: 'C.UTF-8', COLUMNS: '80' };

const module = load(WASM);
const place = mkdtempSync(join(tmpdir(), 'dlab-compare-'));
after(() => rmSync(place, { recursive: true }));
let cases = 0;

/**
 * Runs both programs in a folder of their own with these files. Returns what the native one did, so
 * that a test can say what it must have been.
 *
 * `files` are texts by name, `env` is added to the environment.
 */
export async function compare(args, { files = {}, env = {} } = {}) {
    cases += 1;
    const told = { ...ENV, ...env };
    const native = began('native', files);
    const child = spawnSync(NATIVE, args, { cwd: native.folder, env: told, stdio: native.stdio });
    if (child.error) throw child.error;
    const expected = native.ended(child.status);
    const wasm = began('wasm', files);
    const code = await run(module, args, { env: told, folder: wasm.folder, stdio: wasm.stdio });
    equal(wasm.ended(code), expected, args);
    return expected;
}

/** Makes a folder with these files for one run, and files for what it prints. */
function began(name, files) {
    const [folder, output] = ['', '-output'].map((end) => join(place, `${cases}-${name}${end}`));
    for (const path of [folder, output]) mkdirSync(path);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    const [stdout, stderr] = ['stdout', 'stderr'].map((name) => join(output, name));
    const stdio = [openSync('/dev/null', 'r'), openSync(stdout, 'w'), openSync(stderr, 'w')];
    const ended = (code) => {
        stdio.forEach((descriptor) => closeSync(descriptor));
        const written = readdirSync(folder).sort();
        const bytes = written.map((file) => [file, readFileSync(join(folder, file))]);
        const printed = [stdout, stderr].map((path) => readFileSync(path, 'utf8'));
        for (const path of [folder, output]) rmSync(path, { recursive: true });
        return { code, stdout: printed[0], stderr: printed[1], files: Object.fromEntries(bytes) };
    };
    return { folder, stdio, ended };
}

function equal(wasm, native, args) {
    const what = `dlab ${args.join(' ')}`;
    assert.equal(wasm.stderr, native.stderr, `stderr of ${what}`);
    assert.equal(wasm.code, native.code, `exit code of ${what}`);
    // Reports are long: the first line that differs says more than all of them.
    const [ours, theirs] = [wasm, native].map(({ stdout }) => stdout.split('\n'));
    theirs.forEach((line, index) => assert.equal(ours[index], line, `line ${index + 1} of ${what}`));
    assert.equal(wasm.stdout, native.stdout, `stdout of ${what}`);
    assert.deepEqual(Object.keys(wasm.files), Object.keys(native.files), `files of ${what}`);
    for (const [file, bytes] of Object.entries(native.files)) {
        const at = bytes.findIndex((byte, index) => wasm.files[file][index] !== byte);
        assert.ok(bytes.equals(wasm.files[file]), `${file} of ${what} differs at byte ${at}`);
    }
}
