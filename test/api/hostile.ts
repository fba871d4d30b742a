/** Both listeners over a real collection, a neighbour that goes on sending good records, and senders that mean harm. */
import { readdirSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { expect } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/api/deps.ts';
import { createIngestServer } from '../../src/api/ingest-server.ts';
import type { ReceiveLimits } from '../../src/api/receive/guard.ts';
import type { Collection } from '../../src/ingest/collection.ts';
import type { Counts } from '../../src/model/counts.ts';
import type { SourceKind } from '../../src/model/source.ts';
import { lines, openCollection, openPlace, type Place } from '../ingest/helpers.ts';
import { startServer, type TestServer } from './helpers.ts';

export const MIB = 2 ** 20;
export const LIMITS: ReceiveLimits = { ...DEFAULT_SETTINGS.receive, bodyBytes: 16 * MIB, memoryBytes: 64 * MIB, wrongTokensPerMinute: 30 };

export interface Source {
  readonly id: string;
  readonly token: string;
  readonly category: string;
}

export class Estate {
  readonly place: Place;
  readonly server: TestServer;
  readonly collection: Collection;
  /** The listener for senders elsewhere, with short timeouts. */
  readonly outside: FastifyInstance;
  readonly port: number;
  #sources = 0;
  #neighbour: Source | undefined;
  /** Records that the neighbour was told are taken. */
  #sent = 0;

  private constructor(place: Place, server: TestServer, collection: Collection, outside: FastifyInstance) {
    this.place = place;
    this.server = server;
    this.collection = collection;
    this.outside = outside;
    this.port = (outside.server.address() as { port: number }).port;
  }

  static async open(timeouts: { readonly headers: number; readonly request: number }): Promise<Estate> {
    const place = await openPlace({ workers: 2, batchRows: 50_000 });
    const logger = pino({ level: 'silent' });
    const collection = await openCollection(place, 256 * MIB);
    const server = await startServer({
      deps: { store: place.store, collection, sources: place.metadata.sources, clock: Date.now },
      settings: { receive: LIMITS },
    });
    const outside = await createIngestServer({ collection, limits: LIMITS, clock: Date.now, logger, timeouts });
    await outside.listen({ host: '127.0.0.1', port: 0 });
    return new Estate(place, server, collection, outside);
  }

  async close(): Promise<void> {
    await this.outside.close();
    await this.server.close();
    await this.collection.close();
    await this.place.close();
  }

  /** Names of files and folders where it writes (but for the engine's own, which come and go) and above. */
  names(): string[] {
    const { directory } = this.place;
    const inside = readdirSync(directory).filter((name) => name !== 'store');
    return [
      ...inside,
      ...inside
        .filter((name) => statSync(join(directory, name)).isDirectory())
        .flatMap((name) => readdirSync(join(directory, name), { recursive: true }) as string[]),
      ...readdirSync(tmpdir()),
      ...readdirSync('/'),
    ];
  }

  async source(kind: SourceKind, more: object = {}): Promise<Source> {
    const n = ++this.#sources;
    const collector = (await (await this.server.post('/api/v1/collectors', { name: `collector ${n}` })).json()) as { id: string };
    const category = `hostile/${n}`;
    const response = await this.server.post('/api/v1/sources', { collector: collector.id, kind, name: `source ${n}`, sourceCategory: category, ...more });
    expect(response.status).toBe(201);
    const { source, address } = (await response.json()) as { source: { id: string }; address?: { token: string } };
    return { id: source.id, token: address?.token ?? '', category };
  }

  push(token: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}/v1/http/${token}`, { method: 'POST', body, headers });
  }

  deliver(token: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}/firehose`, { method: 'POST', body, headers: { 'x-amz-firehose-access-key': token, ...headers } });
  }

  /** Waits until all that a source was told is taken is stored or in quarantine; what became of its records. */
  async settled(source: Source): Promise<Counts> {
    await expect.poll(() => this.collection.spool.sources.has(source.id), { interval: 50 }).toBe(false);
    const { counts, trouble } = this.collection.status(source.id);
    expect(trouble).toBeUndefined();
    const { records, ...parts } = counts;
    expect(Object.values(parts).reduce((a, b) => a + b)).toBe(records);
    const count = async (table: string) =>
      Number((await this.place.rows(`SELECT count() FROM bartizan.${table} WHERE source_category = '${source.category}'`))[0]?.[0]);
    expect([await count('vpc_flow'), (await count('vpc_flow_status')) + (await count('tgw_flow')) + (await count('tgw_flow_status'))]).toEqual([
      counts.stored,
      counts.nodata + counts.skipdata,
    ]);
    return counts;
  }

  /** Reasons of a source's records in quarantine, with how many. */
  async reasons(source: Source): Promise<Record<string, number>> {
    const rows = await this.place.rows(
      `SELECT code, count() FROM bartizan.quarantine WHERE source_category = '${source.category}' GROUP BY code ORDER BY code`,
    );
    return Object.fromEntries(rows.map(([code, n]) => [String(code), Number(n)]));
  }

  /** Both listeners answer, and what a neighbour sends now is stored, each record once. */
  async unharmed(): Promise<void> {
    this.#neighbour ??= await this.source('http');
    const health = await fetch(`${this.server.base}/healthz`);
    expect(health.status).toBe(200);
    const answer = await this.push(this.#neighbour.token, lines(20, 1000 + this.#sent));
    expect(answer.status).toBe(200);
    this.#sent += 20;
    expect(await this.settled(this.#neighbour)).toMatchObject({ records: this.#sent, stored: this.#sent });
  }

  /** A connection of its own that writes what it is given; what came back, when the server has closed it. */
  raw(text: string): { readonly socket: Socket; readonly closed: Promise<string> } {
    const socket = connect(this.port, '127.0.0.1');
    let seen = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      seen += piece;
    });
    // A server that cuts a connection off may reset it.
    socket.on('error', () => undefined);
    const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(seen)));
    if (text !== '') socket.write(text);
    return { socket, closed };
  }

  /** Sends pieces until the server cuts the connection off; the status that was answered (0: none), and bytes that were sent. */
  endless(path: string, headers: Record<string, string>, piece: Buffer): Promise<{ readonly status: number; readonly sent: number }> {
    return new Promise((resolve) => {
      let status = 0;
      let sent = 0;
      let over = false;
      const out = httpRequest({ host: '127.0.0.1', port: this.port, path, method: 'POST', headers, agent: false }, (response) => {
        status = response.statusCode ?? 0;
        response.resume();
      });
      const end = (): void => {
        if (!over) resolve({ status, sent });
        over = true;
      };
      out.on('error', end).on('close', end);
      const more = (): void => {
        if (over || out.destroyed) return;
        sent += piece.length;
        // Without waiting for room the test itself would be what has no end.
        out.write(piece, () => setImmediate(more));
      };
      more();
    });
  }
}
