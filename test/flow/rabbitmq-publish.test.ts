// Recorded calls of a Python client over RabbitMQ, made by ours on a real one: the same declarations, exchanges and keys, properties,
// headers and bodies. Read on the line between (support/amqp-recorder.ts). The same calls on Redis: redis-publish.test.ts.
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import golden from '../golden/publish-amqp.json' with { type: 'json' };
import { comparable, type Envelope, type Moving, RECORDED_CALLS, tasksOf } from '../server/app/recorded-calls.ts';
import { AmqpRecorder, type Said } from '../support/amqp-recorder.ts';
import { describeNeedsRabbit, sharedRabbit } from '../support/rabbitmq-server.ts';

interface Recorded {
  readonly name: string;
  readonly methods: readonly {
    readonly method: string;
    readonly args?: Record<string, unknown>;
    readonly message?: number;
  }[];
  readonly messages: readonly {
    readonly publish: Record<string, unknown>;
    readonly properties: Record<string, unknown>;
    readonly body_text?: string;
    readonly body_b64?: string;
  }[];
}
const CASES = new Map((golden.cases as unknown as Recorded[]).map((one) => [one.name, one]));

/** As on Redis, so that both are laid side by side with the same words. */
/** RabbitMQ refuses a message that is to live for more than 2^32 ms; ours goes without that, and its worker heeds `expires`. */
function ofRabbit<P extends object>(properties: P): P {
  const { expiration, ...rest } = properties as { expiration?: string };
  return Number(expiration ?? 0) < 2 ** 32 ? properties : (rest as P);
}

function envelope(publish: Record<string, unknown>, properties: Record<string, unknown>, body: Buffer): Envelope {
  const { content_type, content_encoding, application_headers, ...rest } = properties;
  return {
    body: body.toString('base64'),
    'content-encoding': content_encoding as string,
    'content-type': content_type as string,
    headers: application_headers as Record<string, unknown>,
    properties: {
      // With a queue Celery leaves it out.
      priority: 0,
      ...rest,
      delivery_info: { exchange: publish.exchange as string, routing_key: publish.routing_key as string },
    },
  };
}

/** Once each. */
function declared(all: readonly { method: string; args?: Record<string, unknown> }[]): string[] {
  const found = all
    .filter(({ method }) => /^(exchange|queue)\./.test(method))
    .map(({ method, args: { ticket: _ticket, ...args } = {} }) => JSON.stringify([method, args]));
  return [...new Set(found)];
}

describeNeedsRabbit('a producer on RabbitMQ', () => {
  let broker: string;
  let line: AmqpRecorder;
  beforeAll(async () => {
    const rabbit = await sharedRabbit();
    line = new AmqpRecorder(rabbit.port);
    await line.listen();
    broker = `amqp://guest:guest@127.0.0.1:${line.port}/${await rabbit.freshVhost()}`;
  });
  afterAll(() => line.close());

  it.for(Object.entries(RECORDED_CALLS))('%s', async ([name, { call, settings, ...moving }]) => {
    const recorded = CASES.get(name)!;
    const app = new Celery('test', { broker, backend: 'memory://', ...settings }, { env: {}, log: silentLogger });
    onTestFinished(() => app.close());
    const before = line.said.length;
    await call(tasksOf(app));
    const said = line.said.slice(before);
    const sent = said.filter(({ method }) => method === 'basic.publish');
    const as = (given: Moving) => ({
      ours: sent.map(({ args, properties, body }: Said) => comparable(envelope(args, properties!, body!), given)),
      theirs: recorded.messages.map(({ publish, properties, body_text, body_b64 }) =>
        comparable(
          envelope(publish, ofRabbit(properties), body_b64 ? Buffer.from(body_b64, 'base64') : Buffer.from(body_text!)),
          given,
        ),
      ),
    });
    const { ours, theirs } = as(moving);
    expect(ours).toEqual(theirs);
    // A client declares each queue the first time it sends there: the default one was declared before most recordings.
    const theirsDeclared = declared(recorded.methods);
    const ownQueue = (all: string[]) => all.filter((one) => !one.includes('"celery"'));
    expect(ownQueue(declared(said))).toEqual(ownQueue(theirsDeclared));
  });
});
