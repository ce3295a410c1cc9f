// Compiled by a test, and not run: what the types allow and what they do not.

import { check, LabError, run, ScenarioError, type Report, type Scenario } from 'delivery-lab';

const shop: Scenario = {
    title: 'A shop',
    run_for: '20s',
    contenders: ['tcp/catch-up'],
    client: [
        { id: 'driver', publish: [{ queue: 'shop', event: 'delivered', every: '1s', count: 8 }] },
        { id: 'shop', subscribe: [{ queue: 'shop', event: 'delivered' }] },
    ],
    fault: [{ kind: 'disconnect', who: 'shop', at: '2.5s', for: '4s' }],
};

try {
    const signal = AbortSignal.timeout(1_000);
    const report: Report = await run(shop, { seed: 7n, contenders: ['udp/catch-up'], set: { 'fault.0.for': '30s' }, signal });
    const missed: number | undefined = report.contenders[0]?.subscribers[0]?.missed;
    const what: string | undefined = (await check('title = 1', { name: 'mine' })).problems[0]?.what;
    console.log(missed, what);
} catch (error) {
    if (error instanceof ScenarioError) console.log(error.toml, error.problems[0]?.places[0]?.line);
    if (error instanceof LabError) console.log(error.exitCode);
}

// @ts-expect-error: there is no such contender.
await run({ ...shop, contenders: ['pigeon/catch-up'] });
// @ts-expect-error: there is no such key.
await run({ ...shop, runfor: '20s' });
// @ts-expect-error: a number is no scenario.
await check(7);
