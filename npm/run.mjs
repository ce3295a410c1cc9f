#!/usr/bin/env node
// `dlab` on Node: node npm/run.mjs run caps

import { fileURLToPath } from 'node:url';

import { load, run } from './wasm.mjs';

const BUG = 70;

const path = process.env.DLAB_WASM ?? fileURLToPath(new URL('../web/dist/dlab.wasm', import.meta.url));
const args = process.argv.slice(2);
try {
    process.exitCode = await run(load(path), args);
} catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    process.stderr.write(`dlab: a bug in dlab: ${error.message}\nReplay: dlab ${args.join(' ')}\n`);
    process.exitCode = BUG;
}
