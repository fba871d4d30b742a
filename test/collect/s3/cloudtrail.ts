/**
 * CloudTrail as AWS's SDK sees it, on loopback: ListPublicKeys in the JSON protocol, in pages of one key.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SigningKey } from '../../ingest/trails/trail.ts';

interface Asked {
  readonly StartTime?: number;
  readonly EndTime?: number;
  readonly NextToken?: string;
}

export class FakeCloudTrail {
  /** By region; with what time each signs, epoch seconds. */
  readonly keys = new Map<string, { readonly key: SigningKey; readonly from: number; readonly to: number }[]>();
  readonly calls: { readonly region: string; readonly asked: Asked }[] = [];
  /** Given in place of the next answers. */
  readonly faults: { readonly status: number; readonly type: string }[] = [];
  readonly #server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const region = /Credential=[^/]+\/\d+\/([a-z0-9-]+)\/cloudtrail\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const target = request.headers['x-amz-target'];
    const asked = JSON.parse(text) as Asked;
    this.calls.push({ region, asked });
    const fault = this.faults.shift();
    const send = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    };
    if (fault) return send(fault.status, { __type: fault.type, message: 'no' });
    if (target !== 'CloudTrail_20131101.ListPublicKeys') return send(400, { __type: 'UnknownOperationException' });
    const { StartTime = 0, EndTime = 0, NextToken = '0' } = asked;
    const found = (this.keys.get(region) ?? []).filter(({ from, to }) => from <= EndTime && to >= StartTime);
    const at = Number(NextToken);
    const PublicKeyList = found.slice(at, at + 1).map(({ key, from, to }) => ({
      Value: key.der.toString('base64'),
      ValidityStartTime: from,
      ValidityEndTime: to,
      Fingerprint: key.fingerprint,
    }));
    send(200, { PublicKeyList, ...(at + 1 < found.length ? { NextToken: String(at + 1) } : {}) });
  });

  static async start(): Promise<FakeCloudTrail> {
    const fake = new FakeCloudTrail();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
