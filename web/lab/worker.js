// Runs the program: one fresh instance a call, on a file system that is in memory.

import { File, Fd, OpenFile, PreopenDirectory, WASI, wasi } from '@bjorn3/browser_wasi_shim';

/** The most that a call may print, in bytes. */
const MOST_OUTPUT = 64 * 1024 * 1024;

/** A stream that keeps what is written to it. */
class Kept extends Fd {
  parts = [];
  length = 0;

  fd_filestat_get() {
    const filestat = new wasi.Filestat(0n, wasi.FILETYPE_REGULAR_FILE, 0n);
    return { ret: wasi.ERRNO_SUCCESS, filestat };
  }

  fd_fdstat_get() {
    const fdstat = new wasi.Fdstat(wasi.FILETYPE_REGULAR_FILE, 0);
    fdstat.fs_rights_base = BigInt(wasi.RIGHTS_FD_WRITE);
    return { ret: wasi.ERRNO_SUCCESS, fdstat };
  }

  fd_write(bytes) {
    if (this.length + bytes.length > MOST_OUTPUT) return { ret: wasi.ERRNO_NOSPC, nwritten: 0 };
    this.parts.push(bytes.slice());
    this.length += bytes.length;
    return { ret: wasi.ERRNO_SUCCESS, nwritten: bytes.length };
  }

  text() {
    const decoder = new TextDecoder();
    return this.parts.map((part) => decoder.decode(part, { stream: true })).join('')
      + decoder.decode();
  }
}

let program = null;

async function call({ args, files }) {
  const encoder = new TextEncoder();
  const folder = new Map(Object.entries(files).map(([name, text]) =>
    [name, new File(encoder.encode(text))]));
  const [out, err] = [new Kept(), new Kept()];
  const fds = [new OpenFile(new File([])), out, err, new PreopenDirectory('/', folder)];
  const host = new WASI(['dlab', ...args], ['PWD=/', 'LANG=C.UTF-8'], fds, { debug: false });
  const started = performance.now();
  try {
    const instance = await WebAssembly.instantiate(program,
      { wasi_snapshot_preview1: host.wasiImport });
    const code = host.start(instance);
    const milliseconds = performance.now() - started;
    postMessage({ code, out: out.text(), err: err.text(), milliseconds });
  } catch (error) {
    const said = err.text().trim();
    const is_memory = /memory allocation of \d+ bytes failed/.test(said) || error instanceof RangeError;
    const why = is_memory ? 'it needed more memory than a run in this page may have' : said || error.message;
    postMessage({ broken: `dlab ${args.join(' ')}: ${why}` });
  }
}

onmessage = ({ data }) => {
  if (data.module) {
    program = data.module;
  } else {
    call(data);
  }
};
