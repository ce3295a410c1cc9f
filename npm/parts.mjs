// A sweep on several cores: its parts in workers, each of them what `dlab sweep --shard K/N --json`
// prints, and joined by `dlab merge`. The result is that of one sweep, to the last byte.
//
// `search` and `museum` have no parts, and run on one thread.

import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, devNull, tmpdir } from 'node:os';
import { join } from 'node:path';

import { inWorker } from './worker.mjs';
import { run } from './wasm.mjs';

/** The most threads a core, as natively. */
const MOST_PER_CORE = 4;

/** Exit codes of a part that was swept to its end: met, failed, inconclusive. */
const SWEPT = [0, 1, 3];

const BUG = 70;
const INTERRUPTED = 130;

/** The options that are of what is run, of how all is printed, and of how the whole is: do they have a value? */
const OF_PARTS = { seeds: true, vary: true, contender: true, set: true, force: false };
const OF_BOTH = { plain: false, ascii: false, color: true };
const OF_WHOLE = { json: false, csv: false };
const OPTIONS = { ...OF_PARTS, ...OF_BOTH, ...OF_WHOLE };

/**
 * Returns the arguments of a sweep for its parts and for the whole, and the number of threads; nothing
 * for what is no sweep, has one thread, or is written in a way that this does not know: one thread then
 * says all that is to be said about it.
 */
export function split(args, cores) {
    if (args[0] !== 'sweep') return null;
    const found = { part: [], whole: [], threads: cores };
    const rest = args.slice(1);
    while (rest.length > 0) {
        const word = rest.shift();
        const jobs = /^(?:-j|--jobs=?)(.*)$/s.exec(word)?.[1];
        const [, name, value] = /^--([a-z]+)(=.*)?$/s.exec(word) ?? [];
        if (jobs !== undefined) {
            const number = Number(jobs || rest.shift());
            if (!Number.isInteger(number) || number < 1) return null;
            found.threads = Math.min(number, cores * MOST_PER_CORE);
        } else if (!word.startsWith('-')) {
            found.part.push(word);
        } else if (name !== undefined && Object.hasOwn(OPTIONS, name)) {
            if (value !== undefined && !OPTIONS[name]) return null;
            const words = OPTIONS[name] && value === undefined ? [word, rest.shift() ?? ''] : [word];
            if (!Object.hasOwn(OF_WHOLE, name)) found.part.push(...words);
            if (!Object.hasOwn(OF_PARTS, name)) found.whole.push(...words);
        } else {
            return null;
        }
    }
    const forms = found.whole.filter((word) => Object.hasOwn(OF_WHOLE, word.slice(2)));
    return found.threads > 1 && forms.length <= 1 ? found : null;
}

/** Runs a sweep in parts, and returns its exit code; nothing if it has to run on one thread. */
export async function inParts(module, args, places) {
    const found = split(args, availableParallelism());
    if (found === null) return null;
    const here = folder();
    if (here === null) return null;
    const interrupted = () => {
        rmSync(here, { recursive: true });
        process.exit(INTERRUPTED);
    };
    process.once('SIGINT', interrupted);
    try {
        const part = (shard) => {
            const { stdio, ended } = files(here);
            const args = ['sweep', ...found.part, '--shard', shard, '--json'];
            return inWorker(module, args, { ...places, stdio }).then(ended, () => ended(BUG));
        };
        const shards = Array.from({ length: found.threads }, (_, index) => `${index + 1}/${found.threads}`);
        const parts = await Promise.all(shards.map(part));
        // What could not be run to its end is told by one thread, in the words and colours that it has.
        if (!parts.every(({ isWhole }) => isWhole)) return null;
        const merge = ['merge', ...found.whole, ...parts.map(({ name }) => `/parts/${name}`)];
        return await run(module, merge, { ...places, preopens: { ...places.preopens, '/parts': here } });
    } finally {
        process.off('SIGINT', interrupted);
        rmSync(here, { recursive: true });
    }
}

/** Makes a folder for the parts; nothing if the computer has no place for one. */
function folder() {
    try {
        return mkdtempSync(join(tmpdir(), 'dlab-sweep-'));
    } catch {
        return null;
    }
}

/** Opens files for what one part prints. */
function files(here) {
    const name = `${readdirSync(here).length}`;
    const [output, errors] = [name, `${name}-errors`].map((name) => join(here, name));
    const stdio = [openSync(devNull, 'r'), openSync(output, 'w'), openSync(errors, 'w')];
    const ended = (code) => {
        stdio.forEach((descriptor) => closeSync(descriptor));
        return { name, isWhole: SWEPT.includes(code) && statSync(errors).size === 0 };
    };
    return { stdio, ended };
}
