// How the driver opens its lines, where it does not do so well enough by itself. Who uses which: address.ts.
// Holds: no line ends this process by an error that nobody listens to; that no sentinel can tell where the master is, is a connection
// that failed, to be tried again like any other, and not the end of the client.
// Kombu 5.6: transport/redis.py SentinelChannel
import { Socket } from 'node:net';
import { connect } from 'node:tls';
import { AbstractConnector, type RedisOptions, SentinelConnector } from 'ioredis';
import { toError } from '../../errors.ts';

type Connect = SentinelConnector['connect'];

const nothing = (): void => {};

/** A line with TLS that is ended while it is greeted tells two errors: the driver listens to the first only. */
export class SecureLine extends AbstractConnector {
  readonly #options: RedisOptions;

  constructor(options: unknown) {
    super((options as RedisOptions).disconnectTimeout ?? 2000);
    this.#options = options as RedisOptions;
  }

  override async connect(): ReturnType<Connect> {
    const { host, port, tls } = this.#options;
    this.connecting = true;
    const stream = connect({ host, port, ...tls });
    this.stream = stream;
    stream.once('error', (error) => {
      this.firstError = error;
    });
    return stream.on('error', nothing);
  }
}

export class SteadySentinels extends SentinelConnector {
  constructor(options: unknown) {
    super(options as RedisOptions);
  }

  override async connect(emit: Parameters<Connect>[0]): ReturnType<Connect> {
    const errors: string[] = [];
    try {
      const stream = await super.connect((type, error) => {
        if (type === 'sentinelError') errors.push(error.message);
        else emit(type, error);
      });
      return stream.on('error', nothing);
    } catch (error) {
      // The driver says "unreachable" also of sentinels that answered, but know no such master.
      const reason = errors.find((text) => /invalid reply: null|No such master/.test(text))
        ? `no sentinel knows a master of the name '${this.options.name}'`
        : (errors.find((text) => /NOAUTH|WRONGPASS/.test(text)) ?? errors.at(-1));
      this.firstError = reason === undefined ? toError(error) : new Error(reason);
      return new Socket().destroy();
    }
  }
}
