/** A small server on loopback that answers as a feed's server would, and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | object;
}

type Handler = (asked: Asked, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>;

export class FeedServer {
  readonly asked: Asked[] = [];
  /** As a proxy: what tunnels were asked for, with what authorization. All lead to `tunnelTo`. */
  readonly tunnels: { readonly to: string; readonly authorization: string | undefined }[] = [];
  tunnelTo: FeedServer | undefined;
  /** Answers; undefined where it has written to the response itself. */
  handle: Handler = () => ({ status: 404 });
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FeedServer> {
    const http = createServer();
    const server = new FeedServer(http);
    http.on('request', (request, response) => void server.#answer(request, response));
    http.on('connect', (request, socket) => {
      server.tunnels.push({ to: request.url ?? '', authorization: request.headers['proxy-authorization'] });
      const [host = '', port = ''] = (server.tunnelTo ?? server).host.split(':');
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      for (const end of [onward, socket]) end.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  url(path: string): string {
    return `http://${this.host}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request) body += String(part);
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const asked: Asked = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body };
    this.asked.push(asked);
    const answer = await this.handle(asked, response);
    if (!answer) return;
    const content = answer.body ?? '';
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
  }
}
