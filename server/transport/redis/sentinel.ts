// Asking sentinels where the master is, as the driver does it, but for one thing: when none can tell, that is a connection that
// failed, to be tried again like any other, and not the end of the client.
// Kombu 5.6: transport/redis.py SentinelChannel
import { Socket } from 'node:net';
import { type RedisOptions, SentinelConnector } from 'ioredis';

type Connect = SentinelConnector['connect'];

export class SteadySentinels extends SentinelConnector {
  constructor(options: unknown) {
    super(options as RedisOptions);
  }

  override async connect(emit: Parameters<Connect>[0]): ReturnType<Connect> {
    let heard: Error | undefined;
    try {
      return await super.connect((type, error) => {
        if (type === 'sentinelError') heard = error;
        else emit(type, error);
      });
    } catch (error) {
      // The driver says "unreachable" also of sentinels that answered, but know no such master.
      this.firstError =
        heard && /invalid reply: null/.test(heard.message) ? unknownMaster(this.options.name) : (error as Error);
      return new Socket().destroy();
    }
  }
}

function unknownMaster(name: string | undefined): Error {
  return new Error(`no sentinel knows a master of the name '${name}'`);
}
