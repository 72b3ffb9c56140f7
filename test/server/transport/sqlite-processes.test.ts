// Several processes on one broker file: what a dead one held, waking one another, and death at any moment.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import type { Channel, Transport } from '../../../server/transport/contract.ts';
import { queue } from '../../../server/transport/entity.ts';
import type { Message, OutgoingMessage } from '../../../server/transport/message.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { until } from '../../support/until.ts';

/** UMBEL_LONG=1 for as many as it was first proved with. */
const KILLS = process.env['UMBEL_LONG'] ? 20 : 8;

interface Child {
  readonly process: ChildProcess;
  /** What it wrote so far. */
  readonly lines: readonly string[];
  readonly ended: Promise<void>;
}

let folder = '';
let url = '';
const children: Child[] = [];
const transports: Transport[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-processes-'));
  url = `sqlite:///${join(folder, 'broker.db')}`;
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  for (const transport of transports.splice(0)) await transport.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(role: string, name = ''): Child {
  // Bundled (support/sources/compile.ts): it needs nothing of what reads the sources.
  const program = new URL('./broker-child.ts', import.meta.url).pathname;
  const log = join(folder, `${children.length}.log`);
  const file = openSync(log, 'a');
  const child = spawn(process.execPath, [program, url, role, name], {
    stdio: ['ignore', file, 'inherit'],
  });
  closeSync(file);
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const started = {
    process: child,
    get lines() {
      const text = readFileSync(log, 'utf8');
      return text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .slice(0, -1);
    },
    ended,
  };
  children.push(started);
  return started;
}

async function kill(child: Child): Promise<void> {
  child.process.kill('SIGKILL');
  await child.ended;
}

async function channel(options: Record<string, unknown> = {}): Promise<Channel> {
  const transport = await createTransport({ url, options, connectTimeoutMs: 5000 });
  await transport.connect();
  transports.push(transport);
  return transport.channel();
}

const plain = (name: string) => queue(name, { exchange: null });
const text = (m: Message) => new TextDecoder().decode(m.body);

function message(key: string, body: string, properties = {}): OutgoingMessage {
  return {
    exchange: '',
    routingKey: key,
    body: new TextEncoder().encode(body),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties,
  };
}

describe('what a killed process held', () => {
  it('is delivered again to a waiting process by itself, marked redelivered', async () => {
    const c = await channel();
    await c.declareQueue(plain('work'));
    const holder = start('hold');
    await c.publish(message('work', 'a'));
    await until(() => holder.lines.includes('held a false'), 'the child to hold it');
    const got: Message[] = [];
    await c.consume('work', (m) => got.push(m));

    await kill(holder);

    await until(() => got.length === 1, 'the message to come back');
    expect([text(got[0]!), got[0]!.redelivered]).toEqual(['a', true]);
    // Counted: its holder died. Given back by one that lives, it is not counted again.
    expect(got[0]!.headers['x-delivery-count']).toBe(1);
    got[0]!.reject({ requeue: true });
    await until(() => got.length === 2, 'the message once more');
    expect(got[1]!.headers['x-delivery-count']).toBe(1);
  });

  it('is there at once for the next process that starts', async () => {
    const c = await channel();
    await c.declareQueue(plain('work'));
    await c.publish(message('work', 'a'));
    for (const transport of transports.splice(0)) await transport.close();
    const holder = start('hold');
    await until(() => holder.lines.includes('held a false'), 'the child to hold it');
    await kill(holder);

    const m = await (await channel()).get('work');

    expect(m && [text(m), m.redelivered]).toEqual(['a', true]);
  });

  it('does not keep its auto-delete queue', async () => {
    const holder = start('hold');
    const c = await channel();
    await c.declareQueue({ ...plain('mine'), autoDelete: true, durable: false });
    await until(async () => (await c.queueStatus('work'))?.consumers === 1, 'the child to consume');
    await kill(holder);
    await until(async () => (await c.queueStatus('work'))?.consumers === 0, 'its consumer to go');
  });
});

describe('when nobody is connected any more', () => {
  it('persistent messages in durable queues stay, everything transient is gone', async () => {
    const c = await channel();
    await c.declareQueue(plain('kept'));
    await c.declareQueue({ ...plain('gone'), durable: false });
    await c.publish(message('kept', 'persistent', { delivery_mode: 2 }));
    await c.publish(message('kept', 'transient', { delivery_mode: 1 }));
    await c.publish(message('gone', 'x', { delivery_mode: 2 }));
    for (const transport of transports.splice(0)) await transport.close();

    const next = await channel();

    expect(await next.queueStatus('gone')).toBeNull();
    expect((await next.peek('kept', 10))!.map(text)).toEqual(['persistent']);
  });
});

describe('waking up', () => {
  it('another process answers at once, though neither looks by itself more often than every ten minutes', async () => {
    const echo = start('echo', 'never-looks');
    await until(() => echo.lines.includes('ready'), 'the child to listen');
    const c = await channel({ polling_interval: 600 });
    await c.declareQueue(plain('answer'));
    let answered: () => void = () => {};
    await c.consume('answer', () => answered(), { noAck: true });
    for (let i = 0; i < 50; i++) {
      const answer = new Promise<void>((resolve) => {
        answered = resolve;
      });
      await c.publish(message('ask', `${i}`));
      await answer;
    }
  });
});

describe('without wake-up files', () => {
  it('messages from other processes are found all the same', async () => {
    writeFileSync(join(folder, 'broker.db-wake'), 'a file where the folder should be');
    const echo = start('echo');
    await until(() => echo.lines.includes('ready'), 'the child to listen');
    const c = await channel();
    await c.declareQueue(plain('answer'));
    const got: Message[] = [];
    await c.consume('answer', (m) => got.push(m), { noAck: true });
    for (let i = 0; i < 20; i++) {
      await c.publish(message('ask', `${i}`));
      await until(() => got.length === i + 1, 'the answer');
    }
  });
});

describe('death at any moment', () => {
  it('loses and doubles no acknowledged message, and the file stays whole', { timeout: 300_000 }, async () => {
    const published = new Set<string>();
    const settling = new Set<string>();
    const settled: string[] = [];
    const all: Child[] = [];
    let names = 0;
    const begin = (role: string) => {
      const child = start(role, `p${names++}`);
      all.push(child);
      return { role, child };
    };
    const running = ['publish', 'publish', 'consume', 'consume', 'consume'].map(begin);
    const progress = () => all.reduce((sum, child) => sum + child.lines.length, 0);

    for (let round = 0; round < KILLS; round++) {
      const before = progress();
      const victim = running[(round * 7) % running.length]!;
      const own = victim.child.lines.length;
      await until(() => progress() > before + 100 && victim.child.lines.length > own + 5, 'the processes to work', {
        timeoutMs: 120_000,
      });
      await kill(victim.child);
      running[running.indexOf(victim)] = begin(victim.role);
    }
    for (const { child } of running) await kill(child);
    for (const line of all.flatMap((child) => child.lines)) {
      const [word, ...ids] = line.split(' ');
      if (word === 'published') for (const id of ids) published.add(id);
      if (word === 'settling') settling.add(ids[0]!);
      if (word === 'settled') settled.push(ids[0]!);
    }
    const c = await channel();
    const left: string[] = [];
    for (let m = await c.get('work', { noAck: true }); m; m = await c.get('work', { noAck: true })) left.push(text(m));
    for (const transport of transports.splice(0)) await transport.close();

    expect(published.size).toBeGreaterThan(KILLS * 50);
    expect(settled.length).toBeGreaterThan(KILLS * 10);
    const leftOver = new Set(left);
    expect(left.length).toBe(leftOver.size);
    expect([...published].filter((id) => !settling.has(id) && !leftOver.has(id))).toEqual([]);
    expect(settled.filter((id) => leftOver.has(id))).toEqual([]);
    expect(settled.length).toBe(new Set(settled).size);
    const db = new EmbeddedDb(join(folder, 'broker.db'));
    expect(db.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
    expect(db.get('SELECT COUNT(*) AS n FROM broker_claims')).toEqual({ n: 0 });
    expect(db.get('SELECT COUNT(*) AS n FROM broker_messages')).toEqual({ n: 0 });
    db.close();
  });
});
