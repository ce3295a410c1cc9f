// Runs dlab.wasm: one fresh instance a run, on Node's WASI.

import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { setFlagsFromString } from 'node:v8';

// The short way that V8 has from a program into Node's WASI corrupts the heap of Node 20: of eight
// processes with 46 runs each five died of SIGSEGV, and of fourteen without that way none.
setFlagsFromString('--no-turbo-fast-api-calls');

/** Reads and compiles the program. */
export function load(path) {
    return new WebAssembly.Module(readFileSync(path));
}

/**
 * Runs the program once, and returns its exit code. A bug that ends it is thrown, as a
 * `WebAssembly.RuntimeError`; what it had to say is on stderr by then.
 *
 * Relative paths are those of `folder`. `stdio` are file descriptors.
 */
export async function run(module, args, options = {}) {
    const { env = process.env, folder = process.cwd(), stdio = [0, 1, 2] } = options;
    const WASI = await wasi();
    const [stdin, stdout, stderr] = stdio;
    const host = new WASI({
        version: 'preview1',
        args: ['dlab', ...args],
        env: { ...env, ...terminal([stdout, stderr, stdin]), PWD: folder },
        preopens: { '/': '/' },
        stdin, stdout, stderr,
        returnOnExit: true,
    });
    return host.start(await WebAssembly.instantiate(module, host.getImportObject()));
}

/** Imports `node:wasi` without its warning that it is an experiment. */
async function wasi() {
    const { emitWarning } = process;
    process.emitWarning = (warning, ...rest) => {
        if (!String(warning).startsWith('WASI is an experimental feature')) {
            emitWarning.call(process, warning, ...rest);
        }
    };
    const { WASI } = await import('node:wasi');
    process.emitWarning = emitWarning;
    return WASI;
}

/** Returns the size of the first of these that is a terminal, as the environment says it. */
function terminal(descriptors) {
    if (!descriptors.some(isatty)) return {};
    const stream = [process.stdout, process.stderr].find((stream) => stream.columns);
    return stream ? { COLUMNS: String(stream.columns), LINES: String(stream.rows) } : {};
}
