// Runs the program on a thread of its own.

import { Worker } from 'node:worker_threads';

/**
 * Runs the program once, as `run` of wasm.mjs does, and resolves to its exit code. A signal that aborts
 * ends it.
 */
export function inWorker(module, args, options, signal) {
    return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const workerData = { module, args, options: { env: { ...process.env }, ...options } };
        const worker = new Worker(new URL('thread.mjs', import.meta.url), { workerData });
        const stop = () => worker.terminate().then(() => reject(signal.reason));
        signal?.addEventListener('abort', stop, { once: true });
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () => signal?.removeEventListener('abort', stop));
    });
}
