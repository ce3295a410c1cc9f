// Packs the lab's page around dlab.wasm: web/dist/lab.html, one file with everything in it, and
// web/dist/site, the same as static files for a web host, where the program is fetched once.
//
//   node web/pack.mjs

import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

/** The most bytes of lab.html. */
const MOST = 3_500_000;

const here = new URL('.', import.meta.url);
const path = (name) => new URL(name, here);

async function bundle(name) {
  const { outputFiles } = await build({
    entryPoints: [path(`lab/${name}`).pathname],
    bundle: true, minify: true, write: false, format: 'iife', target: 'es2022',
    legalComments: 'inline',
  });
  // Inside of a script element nothing else ends it.
  return outputFiles[0].text.replaceAll('</script', '<\\/script');
}

/** Says what the page may load: itself, and beside that nothing, or the program. */
const policy = (connect) => [
  "default-src 'none'", "script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:", 'worker-src blob:',
  "style-src 'unsafe-inline'", 'img-src data:', `connect-src ${connect}`, "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const template = readFileSync(path('lab/index.html'), 'utf8');
const parts = {
  style: readFileSync(path('lab/style.css'), 'utf8'),
  worker: await bundle('worker.js'),
  main: await bundle('main.js'),
};
const page = (more) => template.replace(/\{\{(\w+)\}\}/g, (_, name) => ({ ...parts, ...more })[name]);

const program = readFileSync(path('dist/dlab.wasm'));
const packed = gzipSync(program, { level: 9 }).toString('base64');
writeFileSync(path('dist/lab.html'), page({ policy: policy("'none'"), program: packed, address: '' }));
mkdirSync(path('dist/site'), { recursive: true });
writeFileSync(path('dist/site/index.html'),
  page({ policy: policy("'self'"), program: '', address: 'dlab.wasm' }));
copyFileSync(path('dist/dlab.wasm'), path('dist/site/dlab.wasm'));

const { size } = statSync(path('dist/lab.html'));
console.error(`web/pack.mjs: dist/lab.html has ${size} bytes`);
if (size > MOST) {
  console.error(`web/pack.mjs: that is more than ${MOST}`);
  process.exit(1);
}
