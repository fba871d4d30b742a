/**
 * Who may push, and how much at once: every request is told apart by its source's token before a byte of
 * its body is read. What is refused here was not taken, and the sender keeps it: each answer says when
 * to come again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Collection, Receiving } from '../../ingest/collection.ts';
import type { SourceKind } from '../../model/source.ts';
import { Problem } from '../errors.ts';

/** Limits of what is pushed; settings of `config.ts`. */
export interface ReceiveLimits {
  /** Of one body, as sent. */
  readonly bodyBytes: number;
  /** Of all bodies that are being read, together. */
  readonly memoryBytes: number;
  /** Of one source. */
  readonly requestsPerSecond: number;
}

export const DEFAULT_RECEIVE_LIMITS: ReceiveLimits = { bodyBytes: 64 * 2 ** 20, memoryBytes: 512 * 2 ** 20, requestsPerSecond: 5000 };

declare module 'fastify' {
  interface FastifyRequest {
    receiving?: Receiving;
  }
}

const PAUSED_RETRY_SECONDS = 60;
const BUSY_RETRY_SECONDS = 5;
/** A body whose length nobody says counts as this much while it is read. */
const UNKNOWN_LENGTH = 8 * 2 ** 20;

export class ReceiveGuard {
  readonly #collection: Collection;
  readonly #limits: ReceiveLimits;
  readonly #clock: () => number;
  #held = 0;
  /** Requests of a source in the current second. */
  readonly #seconds = new Map<string, { second: number; requests: number }>();

  /** `clock`: epoch milliseconds. */
  constructor(collection: Collection, limits: ReceiveLimits, clock: () => number) {
    this.#collection = collection;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Throws Problem. */
  async admit(request: FastifyRequest, reply: FastifyReply, token: string, kind: SourceKind): Promise<void> {
    const source = token === '' ? undefined : await this.#collection.authorize(token, kind);
    if (!source) {
      throw new Problem('unknown-token', kind === 'http' ? 'No HTTP source has this token.' : 'No Firehose source has this access key.', {
        hint: 'The sources page shows the address with its token when a source is made, and makes a new token.',
      });
    }
    request.receiving = source;
    if (source.paused) {
      void reply.header('retry-after', PAUSED_RETRY_SECONDS);
      throw this.#refuse(source, 'source-paused', `The source “${source.name}” is paused.`);
    }
    this.#count(source, reply);
    this.#reserve(source, request, reply);
  }

  #count(source: Receiving, reply: FastifyReply): void {
    const second = Math.floor(this.#clock() / 1000);
    let window = this.#seconds.get(source.id);
    if (window?.second !== second) {
      window = { second, requests: 0 };
      this.#seconds.set(source.id, window);
    }
    if (++window.requests <= this.#limits.requestsPerSecond) return;
    void reply.header('retry-after', 1);
    throw this.#refuse(source, 'too-many-requests', `The source “${source.name}” takes ${this.#limits.requestsPerSecond} requests a second.`);
  }

  #reserve(source: Receiving, request: FastifyRequest, reply: FastifyReply): void {
    const declared = Number(request.headers['content-length'] ?? UNKNOWN_LENGTH);
    if (declared > this.#limits.bodyBytes)
      throw this.#refuse(
        source,
        'body-too-large',
        `A request may have ${this.#limits.bodyBytes / 2 ** 20} MiB; this one has ${(declared / 2 ** 20).toFixed(1)}.`,
      );
    if (this.#held + declared > this.#limits.memoryBytes) {
      void reply.header('retry-after', BUSY_RETRY_SECONDS);
      throw this.#refuse(source, 'receiver-busy', 'Too much is being received at the moment.');
    }
    this.#held += declared;
    reply.raw.once('close', () => {
      this.#held -= declared;
    });
  }

  /** Counts a refusal with its source. */
  #refuse(source: Receiving, code: 'source-paused' | 'too-many-requests' | 'body-too-large' | 'receiver-busy', message: string): Problem {
    this.#collection.traffic.failed(source.id, code, message);
    return new Problem(code, message);
  }
}
