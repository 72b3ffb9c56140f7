// Parts of your own in a worker: steps that start and stop with it, and remote commands that only your workers know.
//
//   umbel -A examples/bootsteps/app.ts worker -l INFO
//   umbel -A examples/bootsteps/app.ts graph bootsteps          # where your steps stand
//   umbel -A examples/bootsteps/app.ts inspect notes            # what came in so far
//   umbel -A examples/bootsteps/app.ts control forget_notes 10
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Celery, queue } from 'umbel';
import type { TaskConsumer, Worker } from 'umbel/worker';
import { Bootstep } from 'umbel/worker';

const url = process.env['BROKER_URL'] ?? `sqlite:///${join(tmpdir(), 'umbel-bootsteps.db')}`;

export const app = new Celery('steps', { broker: url, backend: url });

export const add = app.task('add', (x: number, y: number) => x + y);

/** Its file is there while the worker runs: what a liveness probe looks for. */
export const READY_FILE = process.env['READY_FILE'] ?? join(tmpdir(), 'umbel-worker-ready');

class ReadyFile extends Bootstep<Worker> {
  // Written when the pool is there, removed before it goes.
  static override requires = ['Pool'];

  override start(worker: Worker): void {
    writeFileSync(READY_FILE, `${worker.hostname}\n`);
  }
  override stop(): void {
    rmSync(READY_FILE, { force: true });
  }
  /** Shown by `inspect stats`. */
  override info(): Record<string, unknown> {
    return { ready_file: READY_FILE };
  }
}

const notes: string[] = [];

/** Reads plain messages, which are no tasks, from a queue of its own. It starts anew after each lost connection. */
class NotesReader extends Bootstep<TaskConsumer> {
  static override requires = ['Tasks'];

  override async start({ host }: TaskConsumer): Promise<void> {
    const channel = await host.connection.channel();
    await channel.declareQueue(queue('notes'));
    await channel.consume('notes', (message) => {
      notes.push(Buffer.from(message.body).toString());
      message.ack();
    });
  }
}

app.steps.worker.add(ReadyFile);
app.steps.consumer.add(NotesReader);

app.commands.inspect('notes', { doc: 'Notes that came in.' }, () => notes);

app.commands.control(
  'forget_notes',
  {
    doc: 'Forget the oldest notes.',
    args: { count: { type: 'integer', default: 1, doc: 'How many.' } },
  },
  (worker: Worker, { count }: { count: number }) => {
    const gone = notes.splice(0, count);
    worker.log.warning(`${gone.length} notes forgotten`);
    return { ok: `forgot ${gone.length}` };
  },
);
