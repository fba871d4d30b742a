/** What collects, for a server: the collection of an open data directory, and the listener for senders elsewhere. */
import { join } from 'node:path';
import { Server as TlsServer } from 'node:tls';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { createIngestServer, MIN_TLS } from '../api/ingest-server.ts';
import type { ReceiveLimits } from '../api/receive/guard.ts';
import type { Config } from '../config.ts';
import { Collection } from '../ingest/collection.ts';
import { openInterfaceHistory } from '../ingest/interface-history.ts';
import { followTls, readTls, tlsFiles } from './ingest-tls.ts';
import { cannotListen, hostAndPort } from './listen.ts';
import type { Workspace } from './workspace.ts';

const MIB = 2 ** 20;

export function receiveLimits(config: Config): ReceiveLimits {
  return {
    bodyBytes: config.receiveBodyMib * MIB,
    memoryBytes: config.receiveMemoryMib * MIB,
    requestsPerSecond: config.receiveRequestsPerSecond,
    wrongTokensPerMinute: config.receiveWrongTokensPerMinute,
  };
}

/** Takes up what the spool holds. */
export function openCollection(workspace: Workspace, logger: FastifyBaseLogger): Promise<Collection> {
  const { config, metadata, pipeline, store } = workspace;
  return Collection.open({
    metadata,
    intake: pipeline,
    trails: workspace.trails,
    interfaces: openInterfaceHistory(store, metadata),
    spool: { folder: join(config.data, 'spool'), maxBytes: config.spoolMaxMib * MIB, minFreeBytes: config.diskMinFreeMib * MIB, clock: Date.now },
    clock: Date.now,
    downloads: join(config.data, 'downloads'),
    proxy: config.proxy || undefined,
    log: logger,
  });
}

/** Opens the second listener where the settings ask for one. Throws CliError. */
export async function listenForSenders(
  config: Config,
  collection: Collection,
  logger: FastifyBaseLogger,
): Promise<{ app: FastifyInstance; address: string } | undefined> {
  if (config.ingestListen === '') return undefined;
  const { host, port } = hostAndPort(config.ingestListen);
  const files = tlsFiles(config);
  const tls = files && readTls(files);
  const app = await createIngestServer({ collection, limits: receiveLimits(config), clock: Date.now, logger, tls });
  const { server } = app;
  if (files && tls && server instanceof TlsServer) {
    const unfollow = followTls(files, tls, {
      use: (pair) => {
        // Connections that are open stay as they are.
        server.setSecureContext({ cert: pair.cert, key: pair.key, minVersion: MIN_TLS });
        logger.info({ validTo: pair.validTo }, 'The certificate of the listener for senders was renewed.');
      },
      problem: (message) => logger.warn(`The certificate of the listener for senders stays the one before: ${message}`),
    });
    app.addHook('onClose', async () => unfollow());
  }
  const address = await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    throw cannotListen(config.ingestListen, '--ingest-listen', error);
  });
  return { app, address };
}
