// Makes the types of the package from the schemas that the program prints.

import { execFileSync } from 'node:child_process';

import { compile } from 'json-schema-to-typescript';

/** The arguments of `dlab schema` for each file, and the name of its type. */
const SCHEMAS = {
    'scenario.d.ts': ['Scenario'],
    'report.d.ts': ['Report', '--report'],
    'check.d.ts': ['Check', '--check'],
};

/** Returns the text of each file of types, by its name. */
export async function types(dlab) {
    const texts = {};
    for (const [file, [name, ...options]] of Object.entries(SCHEMAS)) {
        const printed = execFileSync(process.execPath, [dlab, 'schema', ...options], { maxBuffer: 1 << 24 });
        const schema = JSON.parse(printed);
        // The title gives the type its name.
        texts[file] = await compile({ ...schema, title: name }, name, {
            additionalProperties: false,
            bannerComment: `// Made by \`npm run types\` from what \`${['dlab schema', ...options].join(' ')}\` prints.`,
            style: { printWidth: 100, tabWidth: 4, singleQuote: true },
        });
    }
    return texts;
}
