// A broker file that cannot be used says so in words that tell what to do, and never with a stack of SQLite's.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import { ImproperlyConfigured, OperationalError } from '../../../server/errors.ts';
import type { Transport } from '../../../server/transport/contract.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import type { Message, OutgoingMessage } from '../../../server/transport/message.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { asOperational } from '../../../server/transport/sqlite/schema.ts';
import { until } from '../../support/until.ts';

let folder = '';
const transports: Transport[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-errors-'));
});
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(path: string, options: Record<string, unknown> = {}): Promise<Transport> {
  const transport = await createTransport({ url: `sqlite:///${path}`, options, connectTimeoutMs: 1000 });
  transports.push(transport);
  await transport.connect();
  return transport;
}
const toWork: OutgoingMessage = {
  exchange: '',
  routingKey: 'work',
  body: new Uint8Array([1]),
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  headers: {},
  properties: {},
};

describe('a broker file', () => {
  it('is made, with its folder', async () => {
    const path = join(folder, 'new', 'deep', 'broker.db');
    await connect(path);
    expect(existsSync(path)).toBe(true);
  });

  it('that is no SQLite database is refused, and left as it is', async () => {
    const path = join(folder, 'letter.txt');
    writeFileSync(path, 'Dear broker, this is a letter. '.repeat(100));
    const before = readFileSync(path);
    await expect(connect(path)).rejects.toThrow(OperationalError);
    await expect(connect(path)).rejects.toThrow(/letter\.txt is not an SQLite database/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('that is a directory is refused', async () => {
    mkdirSync(join(folder, 'dir.db'));
    await expect(connect(join(folder, 'dir.db'))).rejects.toThrow(/is a directory/);
  });

  it('in a place where none can be is refused', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(connect(join(folder, 'file', 'broker.db'))).rejects.toThrow(OperationalError);
  });

  it('that may not be written, is full or held by another is told in these words', () => {
    const received = (text: string) => asOperational(new Error(text), '/x/broker.db', 'sqlite:////x/broker.db').message;
    expect(received('attempt to write a readonly database')).toMatch(
      /\/x\/broker\.db cannot be written. May this user/,
    );
    expect(received('database or disk is full')).toMatch(/No space is left/);
    expect(received('database is locked')).toMatch(/held by another process for too long/);
    expect(received('database disk image is malformed')).toMatch(/is damaged. Restore it/);
  });

  it('of a layout this release does not know is refused', async () => {
    const path = join(folder, 'newer.db');
    await (await connect(path)).close();
    const db = new EmbeddedDb(path);
    db.run("UPDATE broker_meta SET value = 99 WHERE key = 'schema'");
    db.close();
    await expect(connect(path)).rejects.toThrow(/layout 99/);
  });

  it('that is deleted while in use is the loss of the connection, and a new connection starts a new file', async () => {
    const path = join(folder, 'broker.db');
    const transport = await connect(path);
    const channel = await transport.channel();
    await channel.declareQueue(queue('work', { exchange: null }));
    let lost: Error | undefined;
    transport.onLost((error) => {
      lost = error;
    });

    renameSync(path, join(folder, 'moved.db'));

    await until(() => lost, 'the loss to be noticed');
    expect(lost).toBeInstanceOf(OperationalError);
    expect(lost?.message).toMatch(/deleted or replaced/);
    await expect(channel.publish(toWork)).rejects.toThrow(OperationalError);
    const next = await (await connect(path)).channel();
    expect(await next.listQueues()).toEqual([]);
  });

  for (const gone of [['-wal'], ['-shm'], ['-wal', '-shm']]) {
    it(`whose ${gone.join(' and ')} is deleted while in use is opened anew, with every message that was acknowledged`, async () => {
      const path = join(folder, 'broker.db');
      const transport = await connect(path);
      const channel = await transport.channel();
      await channel.declareQueue(queue('work', { exchange: null }));
      await channel.publish(toWork);
      let lost: Error | undefined;
      transport.onLost((error) => {
        lost = error;
      });

      for (const end of gone) rmSync(path + end);

      await expect(channel.publish(toWork)).rejects.toThrow(/journal of the broker file .* was deleted/);
      expect(lost).toBeInstanceOf(OperationalError);
      const next = await (await connect(path)).channel();
      expect(await next.queueStatus('work')).toMatchObject({ messages: 1 });
      await next.publish(toWork);
      expect(await next.queueStatus('work')).toMatchObject({ messages: 2 });
    });
  }

  it('whose journal is deleted is let go of by a process that does nothing with it', async () => {
    const path = join(folder, 'broker.db');
    const transport = await connect(path);
    let lost: Error | undefined;
    transport.onLost((error) => {
      lost = error;
    });

    rmSync(`${path}-wal`);

    await until(() => lost, 'the loss to be noticed');
    expect(lost?.message).toMatch(/journal of the broker file/);
  });

  it('that is damaged while in use is the loss of the connection', async () => {
    const path = join(folder, 'broker.db');
    const transport = await connect(path);
    const channel = await transport.channel();
    await channel.declareQueue(queue('work', { exchange: null }));
    let lost: Error | undefined;
    transport.onLost((error) => {
      lost = error;
    });
    const vandal = new EmbeddedDb(path);
    vandal.exec('DROP TABLE broker_ready');
    vandal.close();

    await expect(channel.publish(toWork)).rejects.toThrow(OperationalError);

    await until(() => lost, 'the loss to be told');
  });

  it('that was beyond use for a while gives back to the same process what it held before', async () => {
    const path = join(folder, 'broker.db');
    const transport = await connect(path);
    const channel = await transport.channel();
    await channel.declareQueue(queue('work', { exchange: null }));
    await channel.publish(toWork);
    const held: Message[] = [];
    await channel.consume('work', (message) => held.push(message));
    await until(() => held.length === 1, 'it to be taken');
    let lost: Error | undefined;
    transport.onLost((error) => {
      lost = error;
    });
    const vandal = new EmbeddedDb(path);
    vandal.exec('ALTER TABLE broker_ready RENAME TO elsewhere');
    await expect(channel.publish(toWork)).rejects.toThrow(OperationalError);
    await until(() => lost, 'the loss to be told');
    vandal.exec('ALTER TABLE elsewhere RENAME TO broker_ready');
    vandal.close();

    const again = await (await connect(path)).channel();
    await again.consume('work', (message) => held.push(message));
    await until(() => held.length === 2, 'it to come back');
    expect(held[1]!.redelivered).toBe(true);
  });
});

describe('a declaration that is refused', () => {
  it('leaves nothing of itself behind', async () => {
    const channel = await (await connect(join(folder, 'broker.db'))).channel();
    await channel.declareExchange(exchange('typed', 'direct'));
    const fresh = { exchange: exchange('fresh', 'fanout'), routingKey: '' };
    const clash = { exchange: exchange('typed', 'topic'), routingKey: '' };

    await expect(channel.declareQueue(queue('q', { exchange: null, bindings: [fresh, clash] }))).rejects.toThrow(
      /PRECONDITION_FAILED/,
    );

    expect(await channel.queueStatus('q')).toBeNull();
    await channel.declareQueue(queue('q', { exchange: null }));
    await expect(channel.bindQueue('q', 'fresh', '')).rejects.toThrow(/NOT_FOUND/);
  });
});

describe('transport options', () => {
  it('are checked', async () => {
    const path = join(folder, 'broker.db');
    await expect(connect(path, { synchronous: 'SOMETIMES' })).rejects.toThrow(ImproperlyConfigured);
    await expect(connect(path, { busy_timeout: 'long' })).rejects.toThrow(ImproperlyConfigured);
    await expect(connect(path, { max_message_size: -1 })).rejects.toThrow(ImproperlyConfigured);
  });

  it('and the URL has to name a file', async () => {
    const make = (url: string) => createTransport({ url, options: {}, connectTimeoutMs: 1000 });
    await expect(make('sqlite://broker.db')).rejects.toThrow(/names no file/);
    await expect(make('sqlite:///')).rejects.toThrow(/names no file/);
    await expect(make('smoke://signals')).rejects.toThrow(/'smoke' is not one of .*memory, .*sqlite/);
    await expect(make('smoke://me:secret@hill')).rejects.not.toThrow(/secret/);
  });
});
