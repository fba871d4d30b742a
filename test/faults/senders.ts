/**
 * Senders as they are in the world: they send again until they are told that it was taken. Each record
 * carries a number of its own, and the ledger here knows which were acknowledged.
 */
import { gzipSync } from 'node:zlib';
import type { FaultServer } from './server.ts';

/** What senders gave out, and what was acknowledged. */
export class SendersLedger {
  /** The number stands as the record's bytes: three packets of fewer than 40 bytes each are no flow, and such lines are held back. */
  #next = 1000;
  readonly sent = new Set<number>();
  readonly acknowledged = new Set<number>();
  /** Answers that were neither 200 nor a refusal that asks to come again. */
  readonly surprises: string[] = [];
  refused = 0;

  /** Lines with numbers of their own. */
  lines(count: number): { numbers: number[]; text: string } {
    const numbers = Array.from({ length: count }, () => this.#next++);
    for (const number of numbers) this.sent.add(number);
    const now = Math.floor(Date.now() / 1000);
    const text = numbers
      .map((n) => `2 123456789012 eni-${n % 7} 10.0.0.${n % 250} 198.51.100.7 ${1024 + (n % 60_000)} 443 6 3 ${n} ${now - 60} ${now} ACCEPT OK\n`)
      .join('');
    return { numbers, text };
  }

  acknowledge(numbers: readonly number[]): void {
    for (const number of numbers) this.acknowledged.add(number);
  }
}

/** Sends until `signal` aborts; what is begun then is brought to its end. */
export async function sendHttp(server: FaultServer, token: string, ledger: SendersLedger, signal: AbortSignal, records = 20): Promise<void> {
  while (!signal.aborted) {
    const { numbers, text } = ledger.lines(1 + Math.floor(Math.random() * records));
    const body = Math.random() < 0.5 ? text : gzipSync(text);
    await untilTaken(ledger, () => fetch(`${server.base}/v1/http/${token}`, { method: 'POST', body, headers: { 'idempotency-key': `n${numbers[0]}` } }));
    ledger.acknowledge(numbers);
  }
}

export async function sendFirehose(server: FaultServer, token: string, ledger: SendersLedger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const parts = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => ledger.lines(1 + Math.floor(Math.random() * 10)));
    const requestId = `request-${parts[0]?.numbers[0]}`;
    const records = parts.map(({ text }) => ({ data: Buffer.from(text).toString('base64') }));
    const headers = { 'content-type': 'application/json', 'x-amz-firehose-request-id': requestId, 'x-amz-firehose-access-key': token };
    const body = JSON.stringify({ requestId, timestamp: Date.now(), records });
    await untilTaken(ledger, () => fetch(`${server.base}/firehose`, { method: 'POST', body, headers }));
    for (const { numbers } of parts) ledger.acknowledge(numbers);
  }
}

async function untilTaken(ledger: SendersLedger, send: () => Promise<Response>): Promise<void> {
  for (;;) {
    try {
      const answer = await send();
      const text = await answer.text();
      if (answer.status === 200) return;
      if (answer.status === 503 || answer.status === 429) ledger.refused++;
      else ledger.surprises.push(`${answer.status} ${text}`);
    } catch {
      // The server is gone, or went in the middle: nothing is known, and so it is sent again.
    }
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80));
  }
}
