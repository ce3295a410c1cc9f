import type { Check } from './types/check.js';
import type { Report } from './types/report.js';
import type { Scenario } from './types/scenario.js';

export type { Report, Scenario };

/** What `check` finds in a scenario. */
export type CheckedFile = Check['files'][number];

/** Something wrong with a scenario. */
export type Problem = CheckedFile['problems'][number];

/** Options of every call. */
export interface CallOptions {
    /** The name of the scenario in its report: small letters, digits and hyphens. Default: `scenario`. */
    name?: string;
    /** Ends the call: the promise is rejected with the signal's reason. */
    signal?: AbortSignal;
}

/** Options of a run. */
export interface RunOptions extends CallOptions {
    /** The seed, instead of the scenario's own. */
    seed?: number | bigint;
    /** The contenders, instead of the scenario's own. */
    contenders?: Scenario['contenders'];
    /** Values by the path of their key, as in `{ 'fault.0.for': '30s' }`. */
    set?: Record<string, string | number | boolean>;
    /** Whether scenarios that are larger than the limits run. Default: `false`. */
    force?: boolean;
}

/**
 * Runs a scenario, given as the text of its file or as an object, and resolves to its report. Whether
 * its expectations were met is in the report.
 *
 * @throws {ScenarioError} if the scenario cannot be run.
 * @throws {LabError} if an option is wrong, or after a bug in dlab.
 * @throws {TypeError} if an argument is of a wrong type.
 */
export function run(scenario: string | Scenario, options?: RunOptions): Promise<Report>;

/**
 * Checks a scenario, given as the text of its file or as an object, and runs nothing.
 *
 * @throws {LabError} after a bug in dlab.
 * @throws {TypeError} if an argument is of a wrong type.
 */
export function check(scenario: string | Scenario, options?: CallOptions): Promise<CheckedFile>;

/** The program could not do what was asked. */
export class LabError extends Error {
    name: string;
    /** The exit code of `dlab`: 2 bad usage or a bad scenario, 4 a file could not be used, 70 a bug. */
    readonly exitCode: number;
}

/** The scenario cannot be run. */
export class ScenarioError extends LabError {
    /** The text of its file, to which the places of the problems belong. */
    readonly toml: string;
    readonly problems: Problem[];
}
