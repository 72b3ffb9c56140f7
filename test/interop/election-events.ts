// What all workers hear of elections, in the one order in which Redis tells it to each of them.
import type { Redis } from 'ioredis';

export interface ElectionEvents extends AsyncDisposable {
  /** Every candidate was heard before enough answers were there for any of them to settle it. */
  readonly isOrderly: (id: string, workers: number) => boolean;
}

/**
 * Celery's rule makes one winner only so long as the candidates are heard before the answers: a worker that is asked late
 * can settle it by candidates that the others had not heard of when they settled it.
 */
export async function electionEvents(redis: Redis): Promise<ElectionEvents> {
  const heard = new Map<string, string[]>();
  const listener = redis.duplicate();
  await listener.psubscribe('/*.celeryev/worker.elect*');
  listener.on('pmessage', (_pattern: string, _channel: string, text: string) => {
    const { body } = JSON.parse(text) as { body: string };
    const { id, type } = JSON.parse(Buffer.from(body, 'base64').toString()) as { id: string; type: string };
    heard.set(id, [...(heard.get(id) ?? []), type]);
  });
  return {
    isOrderly(id, workers) {
      let candidates = 0;
      let answers = 0;
      for (const type of heard.get(id) ?? []) {
        if (type === 'worker-elect') candidates++;
        else if (++answers === workers - 1) break;
      }
      return candidates === workers;
    },
    [Symbol.asyncDispose]: async () => {
      listener.disconnect();
    },
  };
}
