// The simulator, as the page sees it: arguments and files in, exit code and texts out.
//
// Each call is one run of the program in a fresh instance, in a worker. A call can be cancelled, and
// is bounded: by time here, by memory in the program, by output in the worker.

/** The longest that one call may take, in milliseconds. */
export const MOST_TIME = 120_000;

/** Why a call has no answer. `kind` is `cancelled`, `time` or `broken`. */
export class Stopped extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export class Lab {
  /** `module` is the compiled program, `source` the address of the worker's program. */
  constructor(module, source) {
    this.module = module;
    this.source = source;
    this.worker = null;
    this.under_way = null;
  }

  /**
   * Runs the program once. `files` are texts by name, in the folder that it runs in. Resolves to
   * `{ code, out, err, milliseconds }`; rejects with `Stopped`. A call that is under way is
   * cancelled: the newest wins.
   */
  call(args, files = {}) {
    this.cancel();
    return new Promise((resolve, reject) => {
      this.worker ??= this.start();
      const timer = setTimeout(() => {
        this.stop(new Stopped('time', `stopped after ${MOST_TIME / 1000} s: a run in this page may `
          + 'take no longer; `dlab` on the command line has no such limit'));
      }, MOST_TIME);
      this.under_way = { resolve, reject, timer };
      this.worker.postMessage({ args, files });
    });
  }

  /** Ends the call that is under way, if there is one. */
  cancel() {
    this.stop(new Stopped('cancelled', 'cancelled'));
  }

  start() {
    const worker = new Worker(this.source);
    worker.postMessage({ module: this.module });
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.end();
      if (data.broken) {
        reject(new Stopped('broken', data.broken));
      } else {
        resolve(data);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.stop(new Stopped('broken', event.message || 'the worker could not be started'));
    };
    return worker;
  }

  stop(reason) {
    if (!this.under_way) return;
    const { reject } = this.end();
    this.worker.terminate();
    this.worker = null;
    reject(reason);
  }

  end() {
    const { under_way } = this;
    this.under_way = null;
    clearTimeout(under_way.timer);
    return under_way;
  }
}
