// The package as a user has it: packed, and installed into an empty folder without a network.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');

/** The native program, of the same commit. */
export const NATIVE = resolve(process.env.DLAB ?? join(BUILT, 'debug', 'dlab'));

/** A folder for a file of tests. */
export const place = mkdtempSync(join(tmpdir(), 'dlab-npm-'));
after(() => rmSync(place, { recursive: true }));

/** The folder in which the package is installed. */
export const home = join(place, 'home');
mkdirSync(home);
const npm = (args, cwd) => execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
npm(['pack', '--pack-destination', home], join(ROOT, 'npm'));
npm(['install', '--offline', '--no-audit', '--no-fund', './delivery-lab-0.1.0.tgz'], home);

/** The command, as npm links it. */
export const DLAB = join(home, 'node_modules', '.bin', 'dlab');

/** What every program is told. `COLUMNS` is the width of help and diagnostics. */
export const ENV = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8', COLUMNS: '80' };

/** Runs a program and returns how it ended, and what it said. */
export function told(program, args, { cwd = home, env = {} } = {}) {
    const child = spawnSync(program, args, { cwd, env: { ...ENV, ...env }, maxBuffer: 1 << 28 });
    if (child.error) throw child.error;
    const { status, signal, stdout, stderr } = child;
    return { code: status, signal, stdout: `${stdout}`, stderr: `${stderr}` };
}

/** Checks that the package does what the native program does, and returns that. */
export function same(args, options) {
    const expected = told(NATIVE, args, options);
    assert.deepEqual(told(DLAB, args, options), expected, `dlab ${args.join(' ')}`);
    return expected;
}
