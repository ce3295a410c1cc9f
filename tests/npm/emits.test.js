// Who gets what, by npm's own socket.io: each line of the first table of docs/reference/emit.md.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';

const NAMES = ['ann', 'ben', 'cat', 'dan'];
const ROOMS = { ben: ['vip'], cat: ['vip', 'red'], ann: ['red'], dan: [] };

/** The lines of the table: what is run, and who gets it. */
function lines() {
  const page = readFileSync(new URL('../../docs/reference/emit.md', import.meta.url), 'utf8');
  const cells = page.split('\n').filter((line) => line.startsWith('| `')).map((line) =>
    line.split('|').slice(1, -1).map((cell) => cell.trim()));
  return cells.filter((row) => row.length === 4).map(([code, , , receivers]) => ({
    code: code.slice(1, -1),
    receivers: receivers === 'nobody' ? [] : receivers.split(', '),
  }));
}

const http = createServer();
const server = new Server(http);
const namespace = server.of('/chat');
const ends = {};
const clients = {};
const heard = [];

before(async () => {
  namespace.on('connection', async (socket) => {
    const { name } = socket.handshake.auth;
    ends[name] = socket;
    await socket.join(ROOMS[name]);
    socket.emit('ready');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://127.0.0.1:${http.address().port}/chat`;
  for (const name of NAMES) {
    const client = connect(url, { forceNew: true, auth: { name } });
    clients[name] = client;
    client.on('news', () => heard.push(name));
    await once(client, 'ready');
  }
});

after(() => {
  Object.values(clients).forEach((client) => client.disconnect());
  server.close();
});

/** Waits until everything that was emitted before has come: events keep their order. */
async function settled() {
  const marks = NAMES.map((name) => once(clients[name], 'mark'));
  namespace.emit('mark');
  await Promise.all(marks);
}

test('the table has its lines', () => assert.ok(lines().length >= 20));

for (const { code, receivers } of lines()) {
  test(code, async () => {
    heard.length = 0;
    const id = Object.fromEntries(NAMES.map((name) => [name, ends[name].id]));
    new Function('io', 'socket', 'id', code)(namespace, ends.ann, id);
    await settled();
    assert.deepEqual([...heard].sort(), receivers);
  });
}

test('the timeout of a broadcast gives the answers that came in time', async () => {
  const after = { ann: 0, ben: 0, cat: 600 };
  for (const [name, wait] of Object.entries(after)) {
    clients[name].on('who', (answer) => setTimeout(answer, wait, name));
  }
  const [error, answers] = await new Promise((resolve) => {
    namespace.timeout(300).emit('who', (...given) => resolve(given));
  });
  assert.match(error.message, /timed out/, 'two of four have not answered');
  assert.deepEqual(answers.sort(), ['ann', 'ben']);
});

test('socketsJoin, socketsLeave and disconnectSockets mean the members of rooms', async () => {
  const rooms = (name) => [...ends[name].rooms].filter((room) => room !== ends[name].id).sort();
  namespace.in(ends.dan.id).socketsJoin('vip');
  assert.deepEqual(rooms('dan'), ['vip']);
  namespace.in('vip').socketsLeave('vip');
  assert.deepEqual([rooms('ben'), rooms('cat'), rooms('dan')], [[], ['red'], []]);
  const reason = once(clients.dan, 'disconnect');
  namespace.in(ends.dan.id).disconnectSockets(true);
  assert.equal((await reason)[0], 'io server disconnect');
  await new Promise((resolve) => { setTimeout(resolve, 1_500); });
  assert.equal(clients.dan.connected, false, 'it does not reconnect by itself');
});
