// `umbel amqp`: AMQP's own verbs against the broker, one at a time or at a prompt. Every transport has them (transport/contract.ts).
// Holds: a message taken without no_ack and not acknowledged goes back to its queue when the shell ends; what the broker refuses is said,
// and the shell goes on.
// Celery 5.6: bin/amqp.py
import { inspect } from 'node:util';
import type { Celery } from '../app/celery.ts';
import { ChannelError, toError } from '../errors.ts';
import type { Connection } from '../messaging/connection.ts';
import type { Channel } from '../transport/contract.ts';
import { type ExchangeType, exchange, queue } from '../transport/entity.ts';
import type { Message } from '../transport/message.ts';
import { safeUrl } from '../transport/url.ts';
import { runLines } from './line-shell.ts';
import { CliError, EXIT, type Output, oneLine } from './output.ts';
import { type GlobalOptions, withApp } from './session.ts';

interface Verb {
  /** 'QUEUE [NO_ACK]' */
  readonly usage: string;
  readonly says: string;
  run(shell: Shell, words: readonly string[]): Promise<void>;
}

interface Shell {
  readonly channel: Channel;
  readonly output: Output;
  /** Taken and not settled. */
  readonly taken: Map<string, Message>;
}

export const AMQP_VERBS: Readonly<Record<string, Verb>> = {
  'exchange.declare': {
    usage: 'EXCHANGE TYPE [PASSIVE] [DURABLE] [AUTO_DELETE]',
    says: 'make an exchange: direct, topic, fanout or headers',
    async run({ channel }, [name, type, passive, durable, autoDelete]) {
      const made = exchange(name!, type as ExchangeType, { durable: flag(durable), autoDelete: flag(autoDelete) });
      await channel.declareExchange(made, { passive: flag(passive) });
    },
  },
  'exchange.delete': {
    usage: 'EXCHANGE [IF_UNUSED]',
    says: 'delete an exchange, with its bindings',
    run: ({ channel }, [name, ifUnused]) => channel.deleteExchange(name!, { ifUnused: flag(ifUnused) }),
  },
  'queue.bind': {
    usage: 'QUEUE EXCHANGE ROUTING_KEY',
    says: 'messages of an exchange with this key go to the queue',
    run: ({ channel }, [name, from, key]) => channel.bindQueue(name!, from!, key!),
  },
  'queue.declare': {
    usage: 'QUEUE [PASSIVE] [DURABLE] [AUTO_DELETE]',
    says: 'make a queue, and say how many messages and consumers it has',
    async run({ channel, output }, [name, passive, durable, autoDelete]) {
      const made = { ...queue(name!), exchange: null, durable: flag(durable), autoDelete: flag(autoDelete) };
      const { messageCount, consumerCount } = await channel.declareQueue(made, { passive: flag(passive) });
      output.line(output.paint(`queue:${name} messages:${messageCount} consumers:${consumerCount}`, 'cyan', 'bold'));
    },
  },
  'queue.delete': {
    usage: 'QUEUE [IF_UNUSED] [IF_EMPTY]',
    says: 'delete a queue',
    async run({ channel, output }, [name, ifUnused, ifEmpty]) {
      const count = await channel.deleteQueue(name!, { ifUnused: flag(ifUnused), ifEmpty: flag(ifEmpty) });
      output.line(output.paint(`${count} messages deleted.`, 'cyan', 'bold'));
    },
  },
  'queue.purge': {
    usage: 'QUEUE',
    says: 'throw away what waits in a queue',
    async run({ channel, output }, [name]) {
      output.line(output.paint(`${await channel.purge(name!)} messages deleted.`, 'cyan', 'bold'));
    },
  },
  'basic.get': {
    usage: 'QUEUE [NO_ACK]',
    says: 'take a message; without no_ack it goes back at the end unless basic.ack is said',
    async run({ channel, output, taken }, [name, noAck]) {
      const message = await channel.get(name!, { noAck: flag(noAck) });
      if (!message) {
        output.line('No messages in queue. basic.publish something.');
        return;
      }
      if (!flag(noAck)) taken.set(String(message.deliveryTag), message);
      output.line(described(message));
    },
  },
  'basic.publish': {
    usage: 'MSG EXCHANGE ROUTING_KEY [MANDATORY] [IMMEDIATE]',
    says: "send a text; '' is the default exchange, whose keys are names of queues",
    async run({ channel }, [text, to, key, mandatory, immediate]) {
      if (flag(mandatory) || flag(immediate)) throw new CliError('mandatory and immediate are not known here');
      await channel.publish({
        exchange: to!,
        routingKey: key!,
        body: Buffer.from(text!),
        contentType: 'text/plain',
        contentEncoding: 'utf-8',
        headers: {},
        properties: { delivery_mode: 2 },
      });
    },
  },
  'basic.ack': {
    usage: 'DELIVERY_TAG',
    says: 'acknowledge a message that basic.get took',
    async run({ channel, taken }, [tag]) {
      const message = taken.get(tag!);
      if (!message) throw new CliError(`no message with the tag ${tag} was taken here and waits for it`);
      taken.delete(tag!);
      message.ack();
      await channel.flush();
    },
  },
};

/** Without a verb, or with `repl`: a prompt. */
export function amqp(words: readonly string[], options: GlobalOptions): Promise<number> {
  return withApp(options, async (app, output) => {
    const connection = app.connection('read');
    const taken = new Map<string, Message>();
    try {
      if (words.length > 0 && words[0] !== 'repl') {
        return await alone(words, connection, { channel: await connection.defaultChannel(), output, taken });
      }
      return await prompt(app, connection, output, taken);
    } finally {
      await connection.close();
    }
  });
}

/** One verb in a process of its own: what Redis keeps of a declaration is what a queue has in it, and its bindings. */
async function alone(words: readonly string[], connection: Connection, shell: Shell): Promise<number> {
  try {
    return await answer(words, shell);
  } catch (error) {
    if (!(error instanceof ChannelError && error.code === 404) || connection.transport.driver !== 'redis') throw error;
    throw new CliError(
      error.message,
      EXIT.failure,
      'Redis keeps no empty queue and no exchange: say what belongs together at one prompt (umbel amqp)',
    );
  }
}

async function answer(words: readonly string[], shell: Shell): Promise<number> {
  const [name, ...rest] = words;
  const verb = AMQP_VERBS[name!];
  if (!verb)
    throw new CliError(
      `there is no AMQP command '${name}'`,
      EXIT.usage,
      `they are: ${Object.keys(AMQP_VERBS).join(', ')}`,
    );
  const names = verb.usage.split(' ');
  const needed = names.filter((one) => !one.startsWith('[')).length;
  if (rest.length < needed || rest.length > names.length)
    throw new CliError(`usage: ${name} ${verb.usage}`, EXIT.usage);
  await verb.run(shell, rest);
  shell.output.line('OK.');
  return EXIT.ok;
}

async function prompt(
  app: Celery,
  connection: Connection,
  output: Output,
  taken: Map<string, Message>,
): Promise<number> {
  output.note(`-> connecting to ${safeUrl(app.conf.brokerUrls('read')[0] ?? '')}.`);
  await connection.defaultChannel();
  output.note(output.paint('-> connected.', 'green', 'bold'));
  await runLines({
    prompt: 'amqp> ',
    commands: [...Object.keys(AMQP_VERBS), 'help', 'exit'],
    run: async (words) => {
      if (/^(exit|quit|:q)$/.test(words[0]!)) return false;
      if (/^(help|:h|\?)$/.test(words[0]!)) {
        for (const [name, { usage, says }] of Object.entries(AMQP_VERBS)) output.line(`${name} ${usage}\n    ${says}`);
        return true;
      }
      try {
        // A broker may close the channel at a use it refuses: what was taken on it has gone back then.
        await answer(words, { channel: await connection.defaultChannel(), output, taken });
      } catch (error) {
        output.line(output.paint(`ERROR: ${oneLine(toError(error).message)}`, 'red'));
        if (error instanceof CliError && error.hint) output.line(error.hint);
      }
      return true;
    },
  });
  return EXIT.ok;
}

/** As click reads a boolean. */
function flag(word: string | undefined): boolean {
  if (word === undefined || /^(0|f|false|n|no|off)$/i.test(word)) return false;
  if (/^(1|t|true|y|yes|on)$/i.test(word)) return true;
  throw new CliError(`'${word}' is neither true nor false`, EXIT.usage);
}

function described({
  body,
  contentType,
  contentEncoding,
  headers,
  properties,
  deliveryInfo,
  deliveryTag,
}: Message): string {
  const text = Buffer.from(body).toString();
  return inspect(
    {
      body: contentEncoding === 'binary' ? body : text,
      properties: {
        content_type: contentType,
        content_encoding: contentEncoding,
        application_headers: headers,
        ...properties,
      },
      delivery_info: { delivery_tag: deliveryTag, ...deliveryInfo },
    },
    { depth: 6, breakLength: 100 },
  );
}
