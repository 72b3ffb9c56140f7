// A small server of mail: takes what is sent to it and keeps it, without TLS and without a login unless it is told to refuse.

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SmtpServer {
  readonly port: number;
  /** Whole messages with their heads. */
  readonly mails: string[];
  /** Everything that clients said. */
  readonly said: string[];
}

/** @param recipient what is answered to a recipient, of the nth mail */
export async function smtpServer(recipient: (n: number) => string = () => '250 ok'): Promise<SmtpServer> {
  const mails: string[] = [];
  const said: string[] = [];
  let tries = 0;
  const server = createServer((socket: Socket) => {
    let buffer = '';
    let mail: string[] | null = null;
    const answer = (line: string) => socket.write(`${line}\r\n`);
    const take = (line: string): void => {
      said.push(line);
      if (mail !== null) {
        if (line !== '.') return void mail.push(line);
        mails.push(mail.join('\n'));
        mail = null;
        return void answer('250 taken');
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'RCPT') answer(recipient(++tries));
      else if (verb === 'DATA') {
        mail = [];
        answer('354 go on');
      } else if (verb === 'STAR') answer('502 not here');
      else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else answer('250 ok');
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      buffer += text;
      const lines = buffer.split('\r\n');
      buffer = lines.pop()!;
      for (const line of lines) take(line);
    });
    socket.on('error', () => {});
    answer('220 a test');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, mails, said };
}
