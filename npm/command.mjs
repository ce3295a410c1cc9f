// The program as a command: arguments, exit code, and a sentence for what goes wrong around it.

import { fileURLToPath } from 'node:url';

import { guest, isWindows } from './paths.mjs';
import { inParts } from './parts.mjs';
import { Damaged, load, run } from './wasm.mjs';

/** Exit codes of `dlab`: a file could not be used, and a bug. */
const FILE = 4;
const BUG = 70;

const given = process.argv.slice(2);

/** Returns a word as a shell reads it. */
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

try {
    const path = process.env.DLAB_WASM ?? fileURLToPath(new URL('dlab.wasm', import.meta.url));
    const module = load(path);
    const { args, ...places } = guest(given, process.cwd(), isWindows);
    process.exitCode = (await inParts(module, args, places)) ?? (await run(module, args, places));
} catch (error) {
    if (error instanceof Damaged) {
        process.stderr.write(`dlab: ${error.message}\n`);
        process.exitCode = FILE;
    } else {
        const replay = ['dlab', ...given.map(quoted)].join(' ');
        process.stderr.write(`dlab: a bug in dlab: ${error.message}\nReplay: ${replay}\n`);
        process.exitCode = BUG;
    }
}
