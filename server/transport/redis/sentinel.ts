// Asking sentinels where the master is, as the driver does it, but for one thing: when none can tell, that is a connection that
// failed, to be tried again like any other, and not the end of the client.
// Kombu 5.6: transport/redis.py SentinelChannel
import { Socket } from 'node:net';
import { type RedisOptions, SentinelConnector } from 'ioredis';
import { toError } from '../../errors.ts';

type Connect = SentinelConnector['connect'];

export class SteadySentinels extends SentinelConnector {
  constructor(options: unknown) {
    super(options as RedisOptions);
  }

  override async connect(emit: Parameters<Connect>[0]): ReturnType<Connect> {
    const heard: string[] = [];
    try {
      return await super.connect((type, error) => {
        if (type === 'sentinelError') heard.push(error.message);
        else emit(type, error);
      });
    } catch (error) {
      // The driver says "unreachable" also of sentinels that answered, but know no such master.
      const telling = heard.find((text) => /invalid reply: null|No such master/.test(text))
        ? `no sentinel knows a master of the name '${this.options.name}'`
        : (heard.find((text) => /NOAUTH|WRONGPASS/.test(text)) ?? heard.at(-1));
      this.firstError = telling === undefined ? toError(error) : new Error(telling);
      return new Socket().destroy();
    }
  }
}
