// Prepares the package for `npm pack`: the program that web/build made, and the licence.
//
//   node npm/prepare.mjs           dlab.wasm and LICENSE
//   node npm/prepare.mjs --pack    these, and a check that what is bundled is there
//   node npm/prepare.mjs --types   these, and the types in types/, from the program's schemas

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

copyFileSync(path('../web/dist/dlab.wasm'), path('dlab.wasm'));
copyFileSync(path('../LICENSE'), path('LICENSE'));

// npm leaves out of the package what is not installed, and says nothing.
if (process.argv.includes('--pack')) await import('smol-toml');

if (process.argv.includes('--types')) {
    const { types } = await import('./tests/types.mjs');
    mkdirSync(path('types'), { recursive: true });
    for (const [name, text] of Object.entries(await types(path('dlab.cjs')))) {
        writeFileSync(path(`types/${name}`), text);
    }
}
