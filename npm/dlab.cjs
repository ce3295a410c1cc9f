#!/usr/bin/env node
// The command `dlab`. This file is all that an old Node reads, so it keeps to old JavaScript.
'use strict';

var OLDEST = 20;
var USAGE = 2;

if (parseInt(process.versions.node, 10) < OLDEST) {
    console.error('dlab: it needs Node ' + OLDEST + ' or newer, and this is Node ' + process.versions.node);
    process.exitCode = USAGE;
} else {
    require('./import.cjs')('./command.mjs');
}
