// Every scenario and every storm of the museum, as JSON with the hash of all that happened.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { compare } from './compare.mjs';

function named(folder, prefix = '') {
    const files = readdirSync(new URL(`../../scenarios/${folder}`, import.meta.url));
    const scenarios = files.filter((file) => file.endsWith('.toml'));
    return scenarios.map((file) => prefix + file.slice(0, -'.toml'.length)).sort();
}

for (const name of [...named('.'), ...named('museum', 'museum/')]) {
    test(name, async () => {
        const { stdout } = await compare(['run', name, '--json']);
        assert.match(JSON.parse(stdout).trace_hash, /^[0-9a-f]{16}$/);
    });
}
