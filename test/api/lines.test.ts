/** Answers that come line by line wait for their reader: what it does not take is not computed ahead. */
import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { sendLines } from '../../src/api/lines.ts';

const LINE = 'x'.repeat(64 * 1024);
const LINES = 1500;

/** A server that answers with 94 MiB; how many lines it has given out, and whether its work has ended. */
async function start(): Promise<{ port: number; made: () => number; ended: () => boolean; close: () => Promise<void> }> {
  const app = Fastify();
  let made = 0;
  let ended = false;
  app.decorate('closing', new AbortController().signal);
  app.get('/', async (_request, reply) =>
    sendLines<string>(reply, async (emit, signal) => {
      try {
        for (; made < LINES && !signal.aborted; made++) await emit(LINE);
      } finally {
        ended = true;
      }
    }),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { port: (app.server.address() as { port: number }).port, made: () => made, ended: () => ended, close: () => app.close() };
}

it('holds little for a client that does not read, and ends when it goes', async () => {
  const server = await start();
  const socket = connect(server.port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await expect.poll(server.made).toBeGreaterThan(0);
  // It comes to a stand: what buffers of both sides take, and no more.
  let last = -1;
  await expect
    .poll(
      () => {
        const still = server.made() === last;
        last = server.made();
        return still;
      },
      { interval: 300 },
    )
    .toBe(true);
  expect(server.made()).toBeLessThan(LINES / 4);
  expect(server.ended()).toBe(false);
  socket.destroy();
  await expect.poll(server.ended).toBe(true);
  expect(server.made()).toBeLessThan(LINES / 4);
  await server.close();
});

it('gives a client that reads every line', async () => {
  const server = await start();
  let bytes = 0;
  for await (const piece of (await fetch(`http://127.0.0.1:${server.port}/`)).body ?? []) bytes += piece.length;
  expect(bytes).toBe(LINES * (LINE.length + 3));
  await server.close();
});
