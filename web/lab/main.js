// The page: choose a scenario, edit it, run it, look at a message.

import { Editor } from './editor.js';
import { Lab, Stopped } from './lab.js';
import { show } from './report.js';

/** The scenario that is there at first. */
const FIRST = 'caps';
/** How long after the last change the scenario is checked, in milliseconds. */
const CHECK_AFTER = 250;

const at = (id) => document.getElementById(id);

/** Decodes and compiles the program that is in this page, or that lies beside it. */
async function program() {
  const inside = at('program').textContent.trim();
  if (!inside) {
    const response = await fetch(at('program').dataset.address);
    if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
    return WebAssembly.compileStreaming(response);
  }
  const packed = Uint8Array.from(atob(inside), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const headers = { 'Content-Type': 'application/wasm' };
  return WebAssembly.compileStreaming(new Response(unpacked, { headers }));
}

class Page {
  constructor(module) {
    const source = URL.createObjectURL(
      new Blob([at('worker').textContent], { type: 'text/javascript' }));
    // A run that takes long holds up neither the check of what is typed nor a look at a message.
    this.runs = new Lab(module, source);
    this.checks = new Lab(module, source);
    this.looks = new Lab(module, source);
    this.editor = new Editor(at('editor'), () => this.changed());
    /** The built-in scenario that was chosen: its name and text, until it is edited. */
    this.chosen = { name: FIRST, text: '' };
    this.about = new Map();
    at('scenarios').addEventListener('change', ({ target }) => this.choose(target.value));
    at('run').addEventListener('click', () => this.run());
    at('stop').addEventListener('click', () => this.runs.cancel());
    at('as-text').addEventListener('click', () => this.as_text());
    at('editor').addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.run();
    });
  }

  /** The scenario as the program is told of it: by its name, or with the file that was edited. */
  get scenario() {
    const { name, text } = this.chosen;
    if (this.editor.text === text) return { given: name, files: {} };
    const file = `${name}.toml`;
    return { given: file, files: { [file]: this.editor.text } };
  }

  async begin() {
    const [{ out }] = await Promise.all([this.looks.call(['list', '--json']), this.choose(FIRST)]);
    for (const { heading, scenarios } of JSON.parse(out).topics) {
      const group = document.createElement('optgroup');
      group.label = heading;
      for (const { name, title, about } of scenarios) {
        group.append(new Option(`${name}: ${title}`, name));
        this.about.set(name, about);
      }
      at('scenarios').append(group);
    }
    at('scenarios').value = FIRST;
    at('about').textContent = this.about.get(FIRST);
  }

  async choose(name) {
    at('about').textContent = this.about.get(name) ?? '';
    this.chosen = { name, text: '' };
    this.editor.text = '';
    const show_it = async () => {
      const { out } = await this.checks.call(['show', name]);
      this.chosen = { name, text: out };
      this.editor.text = out;
      this.check();
    };
    await Promise.all([show_it(), this.run()]);
  }

  changed() {
    at('checked').textContent = '';
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.check(), CHECK_AFTER);
  }

  async check() {
    // A file, always: it is what the editor shows.
    const file = `${this.chosen.name}.toml`;
    try {
      const { out } =
        await this.checks.call(['check', file, '--json'], { [file]: this.editor.text });
      const [{ problems, warnings }] = JSON.parse(out).files;
      this.editor.show(problems, warnings);
      at('checked').textContent = problems.length
        ? `${problems.length} problem${problems.length > 1 ? 's' : ''}`
        : 'valid';
    } catch (error) {
      if (error.kind !== 'cancelled') at('checked').textContent = error.message;
    }
  }

  async run() {
    at('life').hidden = true;
    at('text').hidden = true;
    this.busy(true);
    try {
      const { given, files } = this.scenario;
      const { code, out, err, milliseconds } =
        await this.runs.call(['run', given, '--json'], files);
      this.ran = { given, files, out };
      if (out) {
        show(JSON.parse(out), at('report'), (...message) => this.look(...message));
        at('state').textContent = `Ran in ${Math.round(milliseconds)} ms.`;
        at('as-text').hidden = false;
      } else {
        this.fail(code === 2 ? 'This scenario cannot be run as it is.' : `Exit code ${code}.`, err);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      this.fail(error.kind === 'cancelled' ? 'The run was stopped.' : 'The run ended early.',
        error.kind === 'cancelled' ? '' : error.message);
    } finally {
      this.busy(this.runs.under_way !== null);
    }
  }

  fail(sentence, details) {
    at('state').textContent = sentence;
    const said = document.createElement('pre');
    said.textContent = details;
    at('report').replaceChildren(...(details ? [said] : []));
    at('as-text').hidden = true;
  }

  busy(is_busy) {
    at('stop').hidden = !is_busy;
    at('report').setAttribute('aria-busy', String(is_busy));
    if (is_busy) at('state').textContent = 'Running…';
  }

  /** Shows the life of a message, as the run that is shown had it. */
  async look(contender, message, client) {
    const { given, files } = this.ran;
    const args = ['run', given, '--contender', contender, '--why', message];
    const { out, err } = await this.looks.call(args, files);
    at('life').hidden = false;
    at('life-of').textContent = `${message} over ${contender}, for ${client}`;
    at('life-text').textContent = out || err;
    at('life').focus();
    at('life').scrollIntoView({ block: 'nearest' });
  }

  async as_text() {
    const { given, files } = this.ran;
    const { out, err } = await this.looks.call(['run', given, '--full'], files);
    at('text').hidden = false;
    at('text').textContent = out || err;
    at('text').scrollIntoView({ block: 'nearest' });
  }
}

async function main() {
  const missing = [
    ['WebAssembly', typeof WebAssembly === 'object'],
    ['DecompressionStream', typeof DecompressionStream === 'function'],
    ['Worker', typeof Worker === 'function'],
  ].filter(([, is_there]) => !is_there).map(([name]) => name);
  if (missing.length) {
    at('state').textContent = `This browser has no ${missing.join(' and no ')}, which the lab needs. `
      + 'A Firefox, Chrome, Edge or Safari of 2023 or later has it.';
    return;
  }
  let module;
  try {
    module = await program();
  } catch (error) {
    at('state').textContent = `The simulator in this file is damaged (${error.message}). `
      + 'Get the file anew.';
    return;
  }
  const page = new Page(module);
  // For the console of whoever wants more: `await lab.looks.call(['run', 'caps', '--prices'])`.
  globalThis.lab = page;
  at('lab').hidden = false;
  await page.begin();
}

main().catch((error) => { at('state').textContent = `A bug in this page: ${error.message}`; });
