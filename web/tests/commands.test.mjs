// Texts, packets, other commands, diagnostics and exit codes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compare } from './compare.mjs';

const SCENARIO = `
title   = "A shop"
run_for = "20s"
contenders = ["tcp/fire-and-forget", "tcp/catch-up"]

[[client]]
id      = "driver"
publish = [{ queue = "shop", event = "delivered", every = "1s", count = 8, start = "1s" }]

[[client]]
id        = "shop"
subscribe = [{ queue = "shop", event = "delivered" }]
`;
const FAILS = `${SCENARIO}
[[expect]]
contender = "tcp/catch-up"
missed    = 7
`;

/** What is run, the exit code, and how stdout or stderr begins or what is in it. */
const CASES = [
    ['run caps', 0, /^CAPS: the vendor goes offline/],
    ['run six-links --full', 0, /Expectations/],
    ['run rooms-and-namespaces --plain', 0, /rooms-and-namespaces/],
    ['run storm --ascii --color always', 0, /\x1b\[/],
    ['run caps --why driver-3', 0, /driver publishes driver-3/],
    ['run six-links --at 5s', 0, /5s/],
    ['run caps --at 2s..8s/1s --contender tcp/catch-up', 0, /shop|acme/],
    ['run six-links --prices', 0, /[Pp]rice/],
    ['run caps --layers driver-3', 0, /TCP/],
    ['run caps --layers driver-3 --json', 0, /"hops"/],
    ['run six-links --packets', 0, /masked|WebSocket/],
    ['run six-links --packets --json', 0, /"packets"/],
    ['run rooms-and-namespaces --rooms', 0, /room/],
    ['run caps --seeds 1..5 --quiet', 0, /caps/],
    ['run caps --twice', 0, /CAPS/],
    ['run six-links --twice --quiet', 0, /six-links/],
    ['run caps -v', 0, /CAPS/],
    ['run caps --trace caps.jsonl', 0, /CAPS/],
    ['run six-links --trace links.jsonl --quiet', 0, /six-links/],
    ['run caps --junit caps.xml', 0, /CAPS/],
    ['run six-links --pcap links.pcapng --quiet', 0, /six-links/],
    ['run websocket-blocked --pcap blocked.pcapng --quiet', 0, /websocket-blocked/],
    ['run caps --seeds 1..3 --contender websocket/catch-up --pcap seeds.pcapng -j 2 --quiet', 0, /caps/],
    ['sweep caps --seeds 1..50', 0, /seeds/],
    ['sweep caps --seeds 1..20 --vary fault.0.for=1s..20s/5s --json', 0, /delivery-lab\/sweep/],
    ['search any --budget 30', 0, /./],
    ['museum --seeds 1..2', 0, /caught/],
    ['list', 0, /caps/],
    ['list --mutants', 0, /half-open/],
    ['show caps', 0, /acme-widgets/],
    ['explain worst delay', 0, /delay/],
    ['explain', 0, /missed/],
    ['schema', 0, /"\$schema"/],
    ['completions bash', 0, /dlab/],
    ['new mine.toml', 0, /./],
    ['check mine.toml', 0, /./],
    ['run mine.toml', 0, /A shop/],
    ['run fails.toml', 1, /0 of 1 met/],
    ['run .', 1, /A shop/],
    ['run fails.toml --json', 1, /"failed"/],
    ['check bad.toml', 2, /every/],
    ['check bad.toml mine.toml --color always', 2, /\x1b\[/],
    ['run bad.toml --plain', 2, /every/],
    ['run nowhere', 2, /nowhere/],
    ['run caps --set fault.0.for=sometimes', 2, /sometimes/],
    ['run caps --seeds 9..1', 2, /9\.\.1/],
    ['run caps --pcap no/such/folder.pcapng --quiet', 4, /folder/],
    ['run caps --set fault.0.who=nobody', 2, /nobody/],
    ['help run', 0, /--twice/],
    ['--version', 0, /^dlab \d/],
    ['', 2, /Usage|Begin/],
    ['rum caps', 2, /run/],
];

const files = { 'mine.toml': SCENARIO, 'fails.toml': FAILS, 'bad.toml': SCENARIO.replace('every', 'evry') };

for (const [line, code, says] of CASES) {
    test(`dlab ${line}`, async () => {
        const wants = line === 'new mine.toml' || line === 'run .' ? {} : files;
        const given = line === 'run .' ? { 'fails.toml': FAILS } : wants;
        const args = line === '' ? [] : line.split(' ');
        const done = await compare(args, { files: given });
        assert.match(done.stdout + done.stderr, says);
        assert.equal(done.code, code);
    });
}
