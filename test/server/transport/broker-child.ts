// A process of its own on a broker file, for the tests that kill it. Told by its arguments: url, role, name.
// publish: numbered messages without end. consume: acknowledge everything. hold: take and never settle. echo: answer from queue
// `ask` to queue `answer`. Every fact is a line written at once to standard output, which is a
// file: it keeps what a killed process wrote.
import { writeSync } from 'node:fs';
import type { Channel } from '../../../server/transport/contract.ts';
import { queue } from '../../../server/transport/entity.ts';
import type { OutgoingMessage } from '../../../server/transport/message.ts';
import { createTransport } from '../../../server/transport/registry.ts';

const [url = '', role = '', name = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const plain = (base: string) => queue(base, { exchange: null });

// Named so, it has to be woken.
const options = name === 'never-looks' ? { polling_interval: 600 } : {};
const transport = await createTransport({ url, options, connectTimeoutMs: 10_000 });
await transport.connect();
const channel = await transport.channel();
await roles(role)(channel);

function roles(wanted: string): (c: Channel) => Promise<void> {
  switch (wanted) {
    case 'publish':
      return publish;
    case 'consume':
      return consume;
    case 'hold':
      return hold;
    case 'echo':
      return echo;
    case 'idle':
      return idle;
    default:
      throw new Error(`no role ${wanted}`);
  }
}

function message(key: string, body: string): OutgoingMessage {
  return {
    exchange: '',
    routingKey: key,
    body: new TextEncoder().encode(body),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties: { delivery_mode: 2 },
  };
}

async function publish(c: Channel): Promise<void> {
  await c.declareQueue(plain('work'));
  for (let i = 0; ; ) {
    const ids = Array.from({ length: 20 }, () => `${name}-${i++}`);
    await Promise.all(ids.map((id) => c.publish(message('work', id))));
    say(`published ${ids.join(' ')}`);
    await new Promise((resolve) => setTimeout(resolve, 2)); // so that the consumers can follow
  }
}

async function consume(c: Channel): Promise<void> {
  await c.declareQueue(plain('work'));
  await c.qos(20);
  await c.consume('work', (m) => {
    const id = new TextDecoder().decode(m.body);
    say(`settling ${id}`);
    m.ack();
    void c.flush().then(() => say(`settled ${id}`));
  });
}

async function hold(c: Channel): Promise<void> {
  await c.declareQueue(plain('work'));
  await c.consume('work', (m) => say(`held ${new TextDecoder().decode(m.body)} ${m.redelivered}`));
}

async function echo(c: Channel): Promise<void> {
  await c.declareQueue(plain('ask'));
  await c.declareQueue(plain('answer'));
  await c.consume('ask', (m) => void c.publish({ ...message('answer', ''), body: m.body }), { noAck: true });
  say('ready');
}

/** A worker with nothing to do: tells what a second of that costs. */
async function idle(c: Channel): Promise<void> {
  await c.declareQueue(plain('idle'));
  await c.qos(10);
  await c.consume('idle', () => {});
  let before = process.cpuUsage();
  let at = process.hrtime.bigint();
  setInterval(() => {
    const used = process.cpuUsage(before);
    const now = process.hrtime.bigint();
    say(`cpu ${(((used.user + used.system) / Number((now - at) / 1000n)) * 100).toFixed(3)}`);
    before = process.cpuUsage();
    at = now;
  }, 3000);
}
