// Runs dlab.wasm: one fresh instance a run, on Node's WASI.

import { readFileSync } from 'node:fs';
import { isatty, WriteStream } from 'node:tty';
import { setFlagsFromString } from 'node:v8';

// The short way that V8 has from a program into Node's WASI corrupts the heap of Node 20: of eight
// processes with 46 runs each five died of SIGSEGV, and of fourteen without that way none.
setFlagsFromString('--no-turbo-fast-api-calls');

// What a function has to execute before V8 optimizes it: more than Node 20 (1.8 million) and 22 (13
// million) ask for. A run of `caps` takes half the time, since it neither optimizes what it hardly runs
// again nor waits for that when it exits; a long sweep takes the same. From 100 million on six-links
// took longer.
setFlagsFromString('--wasm-tiering-budget=80000000');

/** The program is not there, or not what was installed. */
export class Damaged extends Error {}

/** Reads and compiles the program. */
export function load(path) {
    try {
        const module = new WebAssembly.Module(readFileSync(path));
        const names = WebAssembly.Module.exports(module).map(({ name }) => name);
        if (!names.includes('_start')) throw new Error('it is another program');
        return module;
    } catch (error) {
        throw new Damaged(`${path} is missing or damaged; install delivery-lab again (${error.message})`);
    }
}

/**
 * Runs the program once, and returns its exit code. A bug that ends it is thrown; what it had to say
 * is on stderr by then.
 *
 * Relative paths are those of `folder`, which is a path in the tree of `preopens`. `stdio` are file
 * descriptors.
 */
export async function run(module, args, options = {}) {
    const { env = process.env, folder = process.cwd(), preopens = { '/': '/' }, stdio = [0, 1, 2] } = options;
    const WASI = await wasi();
    const [stdin, stdout, stderr] = stdio;
    const host = new WASI({
        version: 'preview1',
        args: ['dlab', ...args],
        env: { ...env, ...terminal([stdout, stderr, stdin]), PWD: folder },
        preopens,
        stdin, stdout, stderr,
        returnOnExit: true,
    });
    return host.start(await instantiate(module, host));
}

async function instantiate(module, host) {
    try {
        return await WebAssembly.instantiate(module, host.getImportObject());
    } catch (error) {
        throw new Damaged(`dlab.wasm is not the program; install delivery-lab again (${error.message})`);
    }
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

/**
 * Returns the size of the first of these that is a terminal, as the environment says it. Streams that
 * are no terminals stay untouched: Node would make a pipe of them that does not wait for its reader.
 */
function terminal(descriptors) {
    const descriptor = descriptors.find(isatty);
    if (descriptor === undefined) return {};
    const [columns, lines] = new WriteStream(descriptor).getWindowSize();
    return { COLUMNS: String(columns), LINES: String(lines) };
}
