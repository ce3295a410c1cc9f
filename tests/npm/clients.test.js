// Socket.IO's own client, and the course's, talk to a broker of ours on a loopback port.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { io } from 'socket.io-client';

const BROKER = process.env.LOOPBACK_BROKER;
assert.ok(BROKER, 'LOOPBACK_BROKER names the broker to start');

const PATIENCE = { timeout: 20_000 };
const brokers = [];
const sockets = [];

/** Starts a broker; its address. */
async function broker(...words) {
  const child = spawn(BROKER, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  brokers.push(child);
  const [line] = await once(createInterface(child.stdout), 'line');
  return `http://127.0.0.1:${line.replace('listening on ', '')}`;
}

/** A client in a namespace, connected. */
async function connect(url, queue, auth, options = {}) {
  const socket = io(`${url}/${queue}`, { forceNew: true, auth, ...options });
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Collects what comes under an event: waits until there are so many. */
function listen(socket, event, answer = () => {}) {
  const heard = [];
  let wake = () => {};
  socket.on(event, (payload, meta, ack) => {
    heard.push({ payload, meta });
    answer(ack);
    wake();
  });
  heard.until = async (count) => {
    while (heard.length < count) {
      await new Promise((resolve) => { wake = resolve; });
    }
    return heard;
  };
  return heard;
}

/** Waits until a join that came with CONNECT is on record. */
const joined = (socket) => new Promise((resolve) => socket.once('$joined', resolve));

const payloads = (heard) => heard.map(({ payload }) => payload);

after(() => {
  sockets.forEach((socket) => socket.disconnect());
  brokers.forEach((child) => child.stdin.end());
});

test('publish with an acknowledgement, be pushed to, over WebSocket', PATIENCE, async () => {
  const url = await broker('fire-and-forget');
  const shop = await connect(url, 'caps', { client: 'shop' });
  const pickups = listen(shop, 'pickup');
  assert.deepEqual(await shop.emitWithAck('join', 'pickup'), { request: 1 });
  const driver = await connect(url, 'caps', { client: 'driver' });
  const order = { store: 'acme-widgets', orderId: 'e3669048' };
  assert.deepEqual(await driver.emitWithAck('pickup', order), { accepted: 'driver-1' });
  await pickups.until(1);
  assert.deepEqual(pickups[0].payload, order);
  assert.equal(pickups[0].meta.id, 'driver-1');
  if (driver.io.engine.transport.name !== 'websocket') {
    await once(driver.io.engine, 'upgrade');
  }
  driver.emit('pickup', 'over WebSocket');
  await pickups.until(2);
  assert.equal(pickups[1].meta.id, 'driver-2');
});

test('where the upgrade is refused, polling goes on and delivers', PATIENCE, async () => {
  const url = await broker('fire-and-forget', 'refuse');
  const shop = await connect(url, 'caps', { client: 'shop', rooms: ['pickup'] });
  const pickups = listen(shop, 'pickup');
  const driver = await connect(url, 'caps', { client: 'driver' });
  for (let number = 1; number <= 5; number += 1) {
    await driver.emitWithAck('pickup', number);
  }
  assert.deepEqual(payloads(await pickups.until(5)), [1, 2, 3, 4, 5]);
  assert.equal(shop.io.engine.transport.name, 'polling');
});

for (const mode of ['fire-and-forget', 'catch-up']) {
  // 1,200 messages of 1 kB are more than a send queue holds (1 MiB): what was written must have
  // left it, though no request ever named the session.
  test(`${mode}: by WebSocket alone, more than a send queue holds`, PATIENCE, async () => {
    const url = await broker(mode);
    const options = { transports: ['websocket'] };
    const shop = io(`${url}/caps`, { forceNew: true, auth: { client: 'shop', rooms: ['pickup'] }, ...options });
    sockets.push(shop);
    const pickups = listen(shop, 'pickup', (ack) => ack?.());
    await joined(shop);
    const driver = await connect(url, 'caps', { client: 'driver' }, options);
    for (let number = 1; number <= 1_200; number += 1) {
      await driver.emitWithAck('pickup', 'x'.repeat(1_000));
    }
    await pickups.until(1_200);
    assert.equal(pickups.length, 1_200);
  });
}

test('namespaces are queues of one connection', PATIENCE, async () => {
  const url = await broker('fire-and-forget');
  const database = await connect(url, 'database', { client: 'watcher', rooms: ['delete'] });
  const network = database.io.socket('/network', { auth: { rooms: ['delete'] } });
  const here = joined(network);
  sockets.push(network);
  network.connect();
  await here;
  const inDatabase = listen(database, 'delete');
  const inNetwork = listen(network, 'delete');
  const admin = await connect(url, 'network', { client: 'admin' });
  await admin.emitWithAck('delete', 'a cable');
  await inNetwork.until(1);
  assert.deepEqual(payloads(inDatabase), []);
});

test('a message goes to its rooms, each client once, less those it excludes', PATIENCE, async () => {
  const url = await broker('fire-and-forget');
  const both = await connect(url, 'caps', { client: 'both', rooms: ['north', 'south'] });
  const south = await connect(url, 'caps', { client: 'south' });
  await south.emitWithAck('join', ['south', 'late']);
  await south.emitWithAck('leave', ['late']);
  const [heardBoth, heardSouth] = [listen(both, 'order'), listen(south, 'order')];
  const driver = await connect(url, 'caps', { client: 'driver' });
  await driver.emitWithAck('order', 'everywhere', { to: ['north', 'south', 'late'] });
  await driver.emitWithAck('order', 'not south', { to: ['north', 'south'], except: ['south'] });
  await driver.emitWithAck('order', 'late', { to: ['late'] });
  await driver.emitWithAck('order', 'last', { to: ['south'] });
  assert.deepEqual(payloads(await heardBoth.until(2)), ['everywhere', 'last']);
  assert.deepEqual(payloads(await heardSouth.until(2)), ['everywhere', 'last']);
});

test('fire-and-forget: who is away misses, and who publishes while away is buffered', PATIENCE, async () => {
  const url = await broker('fire-and-forget');
  const shop = await connect(url, 'caps', { client: 'shop', rooms: ['pickup'] });
  const driver = await connect(url, 'caps', { client: 'driver' });
  const pickups = listen(shop, 'pickup');
  await driver.emitWithAck('pickup', 'first');
  await pickups.until(1);
  shop.disconnect();
  // The broker has seen the goodbye once a second session of the shop is refused nothing.
  await driver.emitWithAck('pickup', 'second');
  const here = joined(shop);
  shop.connect();
  await here;
  driver.disconnect();
  driver.emit('pickup', 'third, while away');
  driver.connect();
  await pickups.until(2);
  assert.deepEqual(payloads(pickups), ['first', 'third, while away']);
});

test('catch-up: the position in auth, a replay, and nothing missed or doubled', PATIENCE, async () => {
  const url = await broker('catch-up');
  const auth = { client: 'shop', rooms: ['pickup'] };
  const known = {};
  const reader = io(`${url}/caps`, { forceNew: true, autoConnect: false, auth: (say) => say({ ...auth, ...known }) });
  sockets.push(reader);
  let here = joined(reader);
  reader.connect();
  const start = await here;
  assert.ok(start.answer.started, JSON.stringify(start));
  const pickups = listen(reader, 'pickup', (ack) => ack());
  const driver = await connect(url, 'caps', { client: 'driver' });
  await driver.emitWithAck('pickup', 'first');
  await pickups.until(1);
  const { epoch, position } = pickups[0].meta;
  assert.equal(position, 1);
  reader.disconnect();
  await driver.emitWithAck('pickup', 'second');
  known.known = { epoch, position };
  here = joined(reader);
  reader.connect();
  assert.deepEqual((await here).answer, { resumed: { epoch, position } });
  await pickups.until(2);
  await driver.emitWithAck('pickup', 'third');
  await pickups.until(3);
  assert.deepEqual(payloads(pickups), ['first', 'second', 'third']);
  assert.deepEqual(pickups.map(({ meta }) => meta.kind), [undefined, 'replay', undefined]);
});

test('catch-up: what was not acknowledged comes again', PATIENCE, async () => {
  const url = await broker('catch-up');
  const options = { client: 'shop', rooms: ['pickup'] };
  const deaf = await connect(url, 'caps', options);
  const ignored = listen(deaf, 'pickup');
  const driver = await connect(url, 'caps', { client: 'driver' });
  await driver.emitWithAck('pickup', 'first');
  await ignored.until(1);
  deaf.disconnect();
  const shop = io(`${url}/caps`, { forceNew: true, auth: options });
  sockets.push(shop);
  const pickups = listen(shop, 'pickup', (ack) => ack());
  await pickups.until(1);
  assert.equal(pickups[0].meta.id, 'driver-1');
});

test('a newer session of the same client closes the older one, with the reason', PATIENCE, async () => {
  const url = await broker('fire-and-forget');
  const older = await connect(url, 'caps', { client: 'shop' });
  const goodbye = once(older, '$bye');
  const gone = once(older, 'disconnect');
  await connect(url, 'caps', { client: 'shop' });
  assert.deepEqual((await goodbye)[0], { reason: 'replaced' });
  assert.equal((await gone)[0], 'io server disconnect');
});

test("the course's @nmq/q subscribes, publishes and is triggered", PATIENCE, async () => {
  process.env.Q_SERVER = await broker('fire-and-forget');
  const Q = createRequire(import.meta.url)('@nmq/q/client.js');
  const database = new Q('database');
  const log = console.log;
  let subscribed;
  const status = new Promise((resolve) => { subscribed = resolve; });
  console.log = (line) => { if (String(line).startsWith('Subscribed')) subscribed(line); };
  const heard = new Promise((resolve) => database.subscribe('delete', resolve));
  assert.equal(await status, 'Subscribed in database');
  console.log = log;
  sockets.push(...Object.values(database.sockets));
  Q.publish('database', 'create', { id: 76 });
  Q.publish('database', 'delete', { id: 77 });
  assert.deepEqual(await heard, { id: 77 });
  assert.deepEqual(database.subscriptions(), ['delete']);
});

for (const transports of [['polling'], ['websocket']]) {
  test(`bytes come as bytes over ${transports}`, PATIENCE, async () => {
    const url = await broker('catch-up');
    const wall = await connect(url, 'garden', { client: 'wall', rooms: ['picture'] }, { transports });
    const pictures = listen(wall, 'picture', (ack) => ack());
    const camera = await connect(url, 'garden', { client: 'camera' }, { transports });
    const picture = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));
    const [accepted] = await new Promise((resolve) => {
      camera.emit('picture', picture, (...answer) => resolve(answer));
    });
    assert.deepEqual(accepted, { accepted: 'camera-1' });
    const [{ payload }] = await pictures.until(1);
    assert.deepEqual(Buffer.from(payload), picture);
    // What follows is text again.
    camera.emit('picture', { title: 'garden' });
    assert.deepEqual(payloads(await pictures.until(2))[1], { title: 'garden' });
  });
}
