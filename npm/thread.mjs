// The thread that worker.mjs makes: one run of the program.

import { parentPort, workerData } from 'node:worker_threads';

import { run } from './wasm.mjs';

const { module, args, options } = workerData;
parentPort.postMessage(await run(module, args, options));
