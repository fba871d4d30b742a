/** A server in the place of the HTTP source: keeps what is posted and answers as a test says. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** `drop`: the connection is cut without an answer. */
export type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'drop';

export interface HttpSource extends AsyncDisposable {
  readonly url: string;
  readonly posts: Posted[];
  /** Answers of the next posts, in order; 200 after that. */
  readonly answers: Answer[];
}

export async function startHttpSource(): Promise<HttpSource> {
  const posts: Posted[] = [];
  const answers: Answer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = answers.shift() ?? { status: 200 };
    posts.push({ path: request.url ?? '', headers: request.headers, text: gunzipSync(Buffer.concat(chunks)).toString('utf8') });
    if (answer === 'drop') request.socket.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/http/secret-token`,
    posts,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
