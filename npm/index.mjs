// The package as a library: scenarios in, reports out, each run on a thread of its own.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Objects as TOML, by a writer that needs no other package. It is bundled, so that installing needs no
// network.
import { stringify } from 'smol-toml';

import { load } from './wasm.mjs';
import { inWorker } from './worker.mjs';

/** Exit codes of `dlab`: bad usage or a bad scenario, and a bug. */
const USAGE = 2;
const BUG = 70;
/** The exit codes of a run with a report: met, failed, inconclusive. */
const REPORTED = [0, 1, 3];

/** The program, compiled at the first call. */
let program;

const NAME = /^[a-z0-9][a-z0-9-]*$/;

/** The program could not do what was asked. `exitCode` is that of `dlab`. */
export class LabError extends Error {
    name = 'LabError';

    constructor(message, exitCode) {
        super(message);
        this.exitCode = exitCode;
    }
}

/** The scenario cannot be run: `problems` say why, with their places in `toml`. */
export class ScenarioError extends LabError {
    name = 'ScenarioError';

    constructor(toml, problems) {
        const [first] = problems[0].places;
        const place = first === undefined ? '' : `line ${first.line}: `;
        const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
        super(`${place}${problems[0].what}${more}`, USAGE);
        this.toml = toml;
        this.problems = problems;
    }
}

/** Runs a scenario, given as the text of its file or as an object, and resolves to its report. */
export async function run(scenario, options = {}) {
    const { seed, contenders = [], set = {}, force = false } = options;
    const args = [
        ...(seed === undefined ? [] : [`--seed=${seed}`]),
        ...contenders.map((contender) => `--contender=${contender}`),
        ...Object.entries(set).map(([path, value]) => `--set=${path}=${value}`),
        ...(force ? ['--force'] : []),
    ];
    const toml = text(scenario);
    const { code, stdout, stderr } = await call(toml, ['run', '--json', ...args], options);
    if (REPORTED.includes(code)) return JSON.parse(stdout);
    if (code === USAGE) {
        const { problems } = await check(toml, options);
        if (problems.length > 0) throw new ScenarioError(toml, problems);
    }
    throw new LabError(stderr.trim(), code);
}

/** Checks a scenario, given as the text of its file or as an object: what is wrong with it, and where. */
export async function check(scenario, options = {}) {
    const { code, stdout, stderr } = await call(text(scenario), ['check', '--json'], options);
    if (code !== 0 && code !== USAGE) throw new LabError(stderr.trim(), code);
    return JSON.parse(stdout).files[0];
}

/** Returns the text of a scenario file. */
function text(scenario) {
    if (typeof scenario === 'string') return scenario;
    if (typeof scenario !== 'object' || scenario === null || Array.isArray(scenario)) {
        throw new TypeError('a scenario is the text of its file, or an object');
    }
    return stringify(scenario);
}

/** Runs the program with a file of this text as its last argument. */
async function call(toml, args, { name = 'scenario', signal }) {
    if (!NAME.test(name)) {
        throw new TypeError('the name of a scenario has small letters, digits and hyphens');
    }
    program ??= load(fileURLToPath(new URL('dlab.wasm', import.meta.url)));
    const here = mkdtempSync(join(tmpdir(), 'dlab-'));
    const paths = [`${name}.toml`, '.stdout', '.stderr'].map((name) => join(here, name));
    writeFileSync(paths[0], toml);
    const stdio = [openSync(devNull, 'r'), openSync(paths[1], 'w'), openSync(paths[2], 'w')];
    try {
        const places = { folder: '/scenario', preopens: { '/scenario': here }, stdio, env: {} };
        const code = await inWorker(program, [...args, '--', `${name}.toml`], places, signal);
        const [stdout, stderr] = paths.slice(1).map((path) => readFileSync(path, 'utf8'));
        return { code, stdout, stderr };
    } catch (error) {
        if (signal?.aborted) throw error;
        const said = readFileSync(paths[2], 'utf8');
        throw new LabError(`a bug in dlab: ${error.message}\n${said}`.trim(), BUG);
    } finally {
        stdio.forEach((descriptor) => closeSync(descriptor));
        rmSync(here, { recursive: true });
    }
}
