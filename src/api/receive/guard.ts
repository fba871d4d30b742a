/**
 * Who may push, and how much at once: every request is told apart by its source's token before a byte of
 * its body is read. What is refused here was not taken, and the sender keeps it: each answer says when
 * to come again.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Collection, Receiving } from '../../ingest/collection.ts';
import type { SourceKind } from '../../model/source.ts';
import { Problem } from '../errors.ts';
import { Memory, Share } from './memory.ts';
import { WrongTokens } from './wrong-tokens.ts';

/** Limits of what is pushed; settings of `config.ts`. */
export interface ReceiveLimits {
  /** Of one body, as sent. */
  readonly bodyBytes: number;
  /** Of all bodies that are being read, and of what is made of them, together; one large one may go over. */
  readonly memoryBytes: number;
  /** Of one source. */
  readonly requestsPerSecond: number;
  /** With a wrong token, of one address. */
  readonly wrongTokensPerMinute: number;
}

export const DEFAULT_RECEIVE_LIMITS: ReceiveLimits = {
  bodyBytes: 64 * 2 ** 20,
  memoryBytes: 512 * 2 ** 20,
  requestsPerSecond: 5000,
  wrongTokensPerMinute: 600,
};

declare module 'fastify' {
  interface FastifyRequest {
    receiving?: Receiving;
    share?: Share;
  }
}

const PAUSED_RETRY_SECONDS = 60;
const BUSY_RETRY_SECONDS = 5;

export class ReceiveGuard {
  readonly #collection: Collection;
  readonly #limits: ReceiveLimits;
  readonly #clock: () => number;
  readonly #memory: Memory;
  readonly #wrong: WrongTokens;
  /** Requests of a source in the current second. */
  readonly #seconds = new Map<string, { second: number; requests: number }>();

  /** `clock`: epoch milliseconds. */
  constructor(collection: Collection, limits: ReceiveLimits, clock: () => number) {
    this.#collection = collection;
    this.#limits = limits;
    this.#clock = clock;
    this.#memory = new Memory(limits.memoryBytes);
    this.#wrong = new WrongTokens(limits.wrongTokensPerMinute);
  }

  /** Throws Problem. */
  async admit(request: FastifyRequest, reply: FastifyReply, token: string, kind: SourceKind): Promise<void> {
    const source = token === '' ? undefined : await this.#collection.authorize(token, kind);
    if (!source) {
      const wait = this.#wrong.count(request.ip, this.#clock());
      if (wait > 0) {
        void reply.header('retry-after', wait);
        throw new Problem('too-many-requests', 'Too many wrong tokens came from this address.');
      }
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
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > this.#limits.bodyBytes) throw this.#tooLarge(source);
    const share = new Share(this.#memory, () => {
      void reply.header('retry-after', BUSY_RETRY_SECONDS);
      return this.#refuse(source, 'receiver-busy', 'Too much is being received at the moment.');
    });
    share.read(declared);
    request.share = share;
    reply.raw.once('close', () => share.close());
  }

  /** The body of a request that was admitted; what comes without a length is counted as it comes. Throws Problem. */
  body(request: FastifyRequest, payload: IncomingMessage): Promise<Buffer> {
    const { receiving: source, share } = request;
    if (!source || !share) throw new Error('a body is read of a request that was not admitted');
    const declared = request.headers['content-length'];
    // The pages of a large buffer are there when something is written to them.
    const whole = declared === undefined ? undefined : Buffer.allocUnsafeSlow(Number(declared));
    const pieces: Buffer[] = [];
    let length = 0;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        payload.off('data', data).off('end', done).off('aborted', broken);
        settle();
      };
      const fail = (error: unknown) => end(() => reject(error));
      const broken = () => fail(new Problem('not-a-delivery', 'The body broke off.'));
      const data = (piece: Buffer) => {
        length += piece.length;
        try {
          if (whole) piece.copy(whole, length - piece.length);
          else if (length > this.#limits.bodyBytes) throw this.#tooLarge(source);
          else {
            share.read(piece.length);
            pieces.push(piece);
          }
        } catch (error) {
          fail(error);
        }
      };
      const done = () => {
        try {
          // The pieces are there until they are put together.
          if (!whole) share.make(length);
          end(() => resolve(whole ?? Buffer.concat(pieces)));
          if (!whole) share.give(length);
        } catch (error) {
          fail(error);
        }
      };
      // Stays: what is refused is read on and thrown away, and may break off then.
      payload.on('error', broken);
      payload.on('data', data).on('end', done).on('aborted', broken);
    });
  }

  #tooLarge(source: Receiving): Problem {
    return this.#refuse(source, 'body-too-large', `A request may have ${this.#limits.bodyBytes / 2 ** 20} MiB; this one has more.`);
  }

  /** Counts a refusal with its source. */
  #refuse(source: Receiving, code: 'source-paused' | 'too-many-requests' | 'body-too-large' | 'receiver-busy', message: string): Problem {
    this.#collection.traffic.failed(source.id, code, message);
    return new Problem(code, message);
  }
}
