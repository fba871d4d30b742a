/**
 * Firehose's HTTP endpoint delivery, protocol 1.0
 * (https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html). 200 is an
 * acknowledgement; every other answer makes Firehose send the request again and, after its retry
 * duration, keep it in its backup bucket. The one exception is 413, which throws the data away: it is
 * never answered here, also where the request can never succeed.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Collection, Receiving } from '../../ingest/collection.ts';
import { type Append, MOST_PARTS, SpoolError } from '../../ingest/spool.ts';
import type { Origin } from '../../model/batch.ts';
import { FIREHOSE_PREFIX } from '../../store/metadata.ts';
import { Problem, toAnswer } from '../errors.ts';
import { codingsOf, gunzipped, hasMoreValues } from './body.ts';
import type { ReceiveGuard } from './guard.ts';
import type { Share } from './memory.ts';

const PROTOCOL = '1.0';
/** Before compression; what AWS sends at most, with room for base64 and JSON around it. */
const MAX_UNPACKED = 128 * 2 ** 20;
const MAX_RECORDS = 10_000;
/** Of a body's JSON: a record is an object with one member. */
const MAX_VALUES = 8 * MAX_RECORDS;
const MAX_MESSAGE = 8192;
const MAX_KEY = 4096;
const LINE_FEED = 10;

interface FirehoseRequest {
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly records: readonly { readonly data: string }[];
}

export function addFirehose(app: FastifyInstance, collection: Collection, guard: ReceiveGuard, clock: () => number): void {
  app.post<{ Body: Buffer | undefined }>(
    '/firehose',
    {
      config: { access: 'public', rateLimit: false },
      schema: { tags: ['receive'], summary: 'Firehose HTTP endpoint delivery, protocol 1.0. The access key is the source’s token.' },
      onRequest: (request, reply) => guard.admit(request, reply, accessKey(request), 'firehose'),
      errorHandler: (error, request, reply) => {
        const { status, body } = toAnswer(error);
        // 413 would make Firehose throw the data away.
        const retried = status === 413 ? 400 : status;
        if (status >= 500 && !(error instanceof SpoolError) && !(error instanceof Problem)) request.log.error({ err: error }, 'a Firehose delivery failed');
        if ((retried === 503 || retried === 429) && !reply.hasHeader('retry-after')) void reply.header('retry-after', 5);
        return answer(reply.status(retried), idOf(request), clock(), body.error.message);
      },
    },
    async (request, reply) => {
      const source = request.receiving as Receiving;
      const share = request.share as Share;
      const body = request.body ?? Buffer.alloc(0);
      return share.during(async () => {
        const plain = isGzip(request) ? await gunzipped(body, MAX_UNPACKED, share) : body;
        // Its text, the strings of the records, and the records' bytes: the last are held until they are on the disk.
        share.make(3 * plain.length);
        const delivery = readDelivery(plain, request);
        const entries = entriesOf(delivery, source, originOf(request, source), clock());
        share.give(2 * plain.length);
        await collection.receive(source, body.length, entries);
        return answer(reply, delivery.requestId, delivery.timestamp);
      });
    },
  );
}

/** Firehose packs a body once with gzip, or not at all. Throws Problem for anything else. */
function isGzip(request: FastifyRequest): boolean {
  const header = request.headers['content-encoding'] ?? '';
  const [first, ...more] = codingsOf(header);
  if (first === undefined) return false;
  if (first === 'gzip' && more.length === 0) return true;
  throw new Problem('unsupported-media-type', `Content-Encoding “${header.slice(0, 50)}” is none of Firehose: it sends gzip once, or nothing.`);
}

/** The key as it is, or as AWS Secrets Manager holds it: `{"api_key":"…"}`. */
function accessKey(request: FastifyRequest): string {
  const header = request.headers['x-amz-firehose-access-key'];
  if (typeof header !== 'string' || header.length > MAX_KEY) return '';
  if (!header.startsWith('{')) return header;
  try {
    const value = (JSON.parse(header) as { api_key?: unknown }).api_key;
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}

function idOf(request: FastifyRequest): string {
  const id = request.headers['x-amz-firehose-request-id'];
  return typeof id === 'string' ? id.slice(0, 200) : '';
}

function answer(reply: FastifyReply, requestId: string, timestamp: number, errorMessage?: string): FastifyReply {
  const body = JSON.stringify({ requestId, timestamp, ...(errorMessage === undefined ? {} : { errorMessage: errorMessage.slice(0, MAX_MESSAGE) }) });
  return reply.type('application/json').header('content-length', Buffer.byteLength(body)).serializer(String).send(body);
}

/** Throws Problem. */
function readDelivery(body: Buffer, request: FastifyRequest): FirehoseRequest {
  const version = request.headers['x-amz-firehose-protocol-version'];
  if (version !== undefined && version !== PROTOCOL)
    throw new Problem('not-a-delivery', `The protocol version ${String(version).slice(0, 20)} is not ${PROTOCOL}.`);
  // Before they are made: what they take in memory is no part of the share.
  if (hasMoreValues(body, MAX_VALUES))
    throw new Problem('not-a-delivery', `The body has more values than a delivery of ${MAX_RECORDS} records, the most that there are in one.`);
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new Problem('not-a-delivery', 'The body is not JSON.');
  }
  const { requestId, timestamp, records } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof FirehoseRequest, unknown>>;
  if (typeof requestId !== 'string' || requestId === '' || requestId.length > 200) throw new Problem('not-a-delivery', 'The body has no requestId.');
  const header = idOf(request);
  if (header !== '' && header !== requestId) throw new Problem('not-a-delivery', 'requestId is not that of the header X-Amz-Firehose-Request-Id.');
  if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp) || timestamp < 0)
    throw new Problem('not-a-delivery', 'The body has no timestamp in milliseconds.');
  if (!Array.isArray(records)) throw new Problem('not-a-delivery', 'The body has no records.');
  if (records.length > MAX_RECORDS) throw new Problem('not-a-delivery', `A delivery has at most ${MAX_RECORDS} records; this one has ${records.length}.`);
  for (const record of records as unknown[]) {
    if (typeof record !== 'object' || record === null || typeof (record as { data?: unknown }).data !== 'string')
      throw new Problem('not-a-delivery', 'Each record must be an object with base64 text as “data”.');
  }
  return { requestId, timestamp, records: records as FirehoseRequest['records'] };
}

/**
 * The records as entries of the spool: runs of plain ones as lines, runs of gzip ones (CloudWatch
 * payloads) as parts, at most as many as an entry has. The request's id and the entry's number are its identity, so
 * that a request that is sent again is stored once.
 */
export function entriesOf(
  { requestId, timestamp, records }: FirehoseRequest,
  source: Pick<Receiving, 'id' | 'name'>,
  origin: Origin,
  received: number,
): Append[] {
  const entries: Append[] = [];
  let run: Buffer[] = [];
  let compressed = false;
  const header = () => ({
    id: `${FIREHOSE_PREFIX}${source.id}:${requestId}#${entries.length}`,
    name: `${source.name} ${requestId}`,
    origin,
    received,
    sentAt: timestamp,
  });
  const close = () => {
    // What one packed record is damaged by ends with it: each is a part of its own.
    const parts = compressed && run.length > 1 ? { parts: run.map((bytes) => bytes.length) } : {};
    if (run.length > 0) entries.push({ header: { ...header(), ...parts }, body: Buffer.concat(run) });
    run = [];
  };
  for (const { data } of records) {
    const bytes = decodeBase64(data);
    if (!bytes) {
      close();
      const refused = { code: 'invalid-base64', message: 'The record’s data is not valid base64.' } as const;
      entries.push({ header: { ...header(), refused }, body: Buffer.from(data) });
      continue;
    }
    if (bytes.length === 0) continue;
    const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    if (gzip !== compressed || (gzip && run.length >= MOST_PARTS)) close();
    compressed = gzip;
    run.push(bytes);
    if (!gzip && bytes[bytes.length - 1] !== LINE_FEED) run.push(LINE_END);
  }
  close();
  return entries;
}

const LINE_END = Buffer.from('\n');
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Node passes over what is no base64; here it is told. */
function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

/** Common attributes may name the source category, name and host. */
function originOf(request: FastifyRequest, source: Receiving): Origin {
  const origin = { ...source.origin };
  const arn = request.headers['x-amz-firehose-source-arn'];
  if (typeof arn === 'string' && arn.length <= 512 && origin.sourceHost === '') origin.sourceHost = arn;
  for (const [name, value] of Object.entries(commonAttributes(request))) {
    const part = ATTRIBUTES.get(name.toLowerCase().replace(/[_-]/g, ''));
    if (part && typeof value === 'string' && value !== '' && !/[\u0000-\u001f\u007f]/.test(value)) origin[part] = value.slice(0, 1024);
  }
  return origin;
}

const ATTRIBUTES: ReadonlyMap<string, 'sourceCategory' | 'sourceName' | 'sourceHost'> = new Map([
  ['sourcecategory', 'sourceCategory'],
  ['sourcename', 'sourceName'],
  ['sourcehost', 'sourceHost'],
]);

/** Throws Problem. */
function commonAttributes(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const text = request.headers['x-amz-firehose-common-attributes'];
  if (typeof text !== 'string' || text === '') return {};
  try {
    // Header bytes arrive as Latin-1; JSON is UTF-8.
    const value = (JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as { commonAttributes?: unknown } | null)?.commonAttributes;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    throw new Problem('not-a-delivery', 'X-Amz-Firehose-Common-Attributes is not JSON.');
  }
}
