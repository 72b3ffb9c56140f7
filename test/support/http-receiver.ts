// A server that takes what is posted to it and keeps it, for who tests what is sent.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** @param answer what the nth request gets: its status, and where it is sent on. null: no answer at all */
export async function httpReceiver(
  answer: (n: number) => { status: number; location?: string } | null = () => ({ status: 200 }),
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      received.push({ method, path, headers, body });
      const given = answer(received.length);
      if (given === null) return;
      response.writeHead(given.status, given.location === undefined ? {} : { location: given.location });
      response.end('a body that nobody is to see');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/T0K3N`, received };
}
