/** The listener for senders with TLS, as a process: what is taken, what is refused, wrong files, and a renewed certificate. */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { SourceMade } from '../../src/api/contract/sources.ts';
import { followTls, readTls } from '../../src/cli/ingest-tls.ts';
import { makeCertificate } from '../certificate.ts';
import { lines } from '../ingest/helpers.ts';
import { newData } from '../store/new-store.ts';
import { bartizan, begin } from './helpers.ts';

let root: string;
let server: ReturnType<typeof begin> | undefined;
let number = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-tls-'));
});
afterEach(async () => {
  server?.child.kill('SIGTERM');
  await server?.ended;
  server = undefined;
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function put(name: string, text: string): Promise<string> {
  const path = join(root, name);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
  return path;
}

const args = () => ['serve', '--data', newData(join(root, `data-${++number}`)), '--listen', '127.0.0.1:0', '--ingest-listen', '127.0.0.1:0'];
const env = (cert: string, key: string) => ({ BARTIZAN_INGEST_TLS_CERT: cert, BARTIZAN_INGEST_TLS_KEY: key });

/** Answers with the status; rejects where no TLS connection comes about. */
function post(url: string, body: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', ca, agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Fingerprint of the certificate that a new connection is shown. */
function shown(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.end();
    });
    socket.on('error', reject);
  });
}

it('takes deliveries by HTTPS alone, and uses a renewed certificate without a restart', async () => {
  const [first, second] = [makeCertificate('first'), makeCertificate('second')];
  const [cert, key] = [await put('cert.pem', first.cert), await put('key.pem', first.key)];
  const started = args();
  server = begin(started, env(cert, key));
  let said = '';
  const address = await new Promise<string>((resolve) => {
    server?.child.stdout?.on('data', (text: Buffer) => {
      said += text;
      const found = /Senders are heard on (\S+)\n/.exec(said)?.[1];
      if (found) resolve(found);
    });
  });
  let log = '';
  server.child.stderr?.on('data', (text: Buffer) => {
    log += text;
  });
  expect(address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const made = JSON.parse((await bartizan(['sources', 'add', 'http', 'edge', '--collector', 'tests', '--json', '--data', started[2]!])).out) as SourceMade;
  const url = made.address?.url as string;
  expect(url.startsWith(`${address}/v1/http/`)).toBe(true);

  expect(await post(url, lines(3), first.cert)).toBe(200);
  expect(await post(`${address}/v1/http/no-such-token`, lines(3), first.cert)).toBe(401);
  await expect(post(url, lines(3), second.cert)).rejects.toThrow(/self-signed/);
  await expect(fetch(url.replace('https:', 'http:'), { method: 'POST', body: lines(5) })).rejects.toThrow();

  // Half of a renewal: the pair before stays.
  await put('cert.pem', second.cert);
  await expect.poll(() => log).toContain(`ingestTlsKey: “${key}” is not the key of the certificate in “${cert}”`);
  expect(await shown(url)).toBe(new X509Certificate(first.cert).fingerprint256);
  expect(await post(url, lines(2, 1), first.cert)).toBe(200);
  await put('key.pem', second.key);
  await expect.poll(() => shown(url)).toBe(new X509Certificate(second.cert).fingerprint256);
  expect(await post(url, lines(4, 2), second.cert)).toBe(200);
  await expect(post(url, lines(6, 3), first.cert)).rejects.toThrow(/self-signed/);

  const stored = async () => (await bartizan(['query', '* | count', '--from', 'all', '--format', 'json', '--data', started[2]!])).out;
  await expect.poll(stored).toMatch(/\b9\b/);
}, 300_000);

it('names what is wrong with its files before anything is opened', async () => {
  const [pair, other] = [makeCertificate('one'), makeCertificate('two')];
  const cert = await put('one.pem', pair.cert);
  const key = await put('one.key', pair.key);
  const cases: [cert: string, key: string, told: string][] = [
    [join(root, 'nowhere.pem'), key, `ingestTlsCert: “${join(root, 'nowhere.pem')}” cannot be read: it does not exist.`],
    [cert, join(root, 'nowhere.key'), `ingestTlsKey: “${join(root, 'nowhere.key')}” cannot be read: it does not exist.`],
    [cert, root, `ingestTlsKey: “${root}” cannot be read: it is a folder.`],
    [cert, await put('two.key', other.key), `ingestTlsKey: “${join(root, 'two.key')}” is not the key of the certificate in “${cert}”`],
    [key, key, `ingestTlsCert: “${key}” holds no certificate`],
    [cert, cert, `ingestTlsKey: “${cert}” holds no private key`],
    [cert, '', 'ingestTlsCert and ingestTlsKey belong together'],
    ['', key, 'ingestTlsCert and ingestTlsKey belong together'],
  ];
  for (const [certPath, keyPath, told] of cases) {
    const { code, out, err } = await bartizan(args(), undefined, env(certPath, keyPath));
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(told)]);
  }
}, 300_000);

it('tries a renewed certificate again that could not be used, says so once, and looks on', async () => {
  const pairs = [makeCertificate('first'), makeCertificate('second')];
  const files = { cert: await put('follow.crt', pairs[0]?.cert ?? ''), key: await put('follow.key', pairs[0]?.key ?? '') };
  const told: string[] = [];
  const used: string[] = [];
  let refused = 0;
  let done = (): void => undefined;
  const settled = new Promise<void>((resolve) => {
    done = resolve;
  });
  const listener = {
    use({ cert }: { cert: string }) {
      if (++refused <= 3) throw new Error('no memory for a context');
      used.push(cert);
      done();
    },
    problem: (message: string) => told.push(message),
  };
  const unfollow = followTls(files, readTls(files), listener, 5);
  try {
    await put('follow.key', pairs[1]?.key ?? '');
    await put('follow.crt', pairs[1]?.cert ?? '');
    await settled;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    unfollow();
  }
  expect(used).toEqual([pairs[1]?.cert]);
  expect(told.filter((message) => message === 'no memory for a context')).toHaveLength(1);
});
