// purge: throw away what waits in the queues. There is no undo, so it asks first, and a script must say -f.
// Celery 5.6: bin/purge.py
import { createInterface } from 'node:readline/promises';
import { CliError, EXIT, plural } from './output.ts';
import { createProgress } from './progress.ts';
import { type GlobalOptions, withApp } from './session.ts';

export interface PurgeOptions extends GlobalOptions {
  readonly force?: boolean;
  readonly queues?: readonly string[];
  readonly excludeQueues?: readonly string[];
}

export function purge(options: PurgeOptions): Promise<number> {
  return withApp(options, async (app, output) => {
    const excluded = new Set(options.excludeQueues ?? []);
    const wanted = options.queues ?? [...app.router.queues.keys()];
    const names = [...new Set(wanted)].filter((name) => !excluded.has(name)).sort();
    if (names.length === 0) {
      output.note('No queue is left to purge.');
      return EXIT.ok;
    }
    if (!options.force) await confirm(names);
    const connection = app.connection('write');
    const purged: Record<string, number> = {};
    const progress = createProgress('Purging', output.quiet || output.json);
    try {
      const channel = await connection.defaultChannel();
      for (const [at, name] of names.entries()) {
        progress.at(at, names.length, name);
        // A queue nobody has declared yet is as good as empty.
        purged[name] = (await channel.queueStatus(name)) === null ? 0 : await channel.purge(name);
      }
    } finally {
      progress.clear();
      await connection.close();
    }
    const total = Object.values(purged).reduce((sum, count) => sum + count, 0);
    if (output.json) output.value({ purged, total });
    else if (total > 0)
      output.line(`Purged ${plural(total, 'message')} from ${plural(names.length, 'known task queue')}.`);
    else output.line(`No messages purged from ${plural(names.length, 'queue')}.`);
    return EXIT.ok;
  });
}

/** At a terminal, or by a line from a pipe (`echo y | umbel purge`). */
async function confirm(names: readonly string[]): Promise<void> {
  const ask = createInterface({ input: process.stdin, output: process.stderr, terminal: process.stdin.isTTY === true });
  try {
    process.stderr.write(
      `WARNING: This will remove all tasks from ${names.length === 1 ? 'queue' : 'queues'}: ${names.join(', ')}.\n` +
        '         There is no undo for this operation!\n\n(to skip this prompt use the -f option)\n',
    );
    const over = new Promise<null>((resolve) => ask.once('close', () => resolve(null)));
    const answer = await Promise.race([ask.question('Are you sure you want to delete all tasks? [y/N]: '), over]);
    if (answer === null && !process.stdin.isTTY)
      throw new CliError(
        'purge asks before it deletes, and nobody is here to answer',
        EXIT.usage,
        'add -f to purge without asking',
      );
    if (!/^y(es)?$/i.test((answer ?? '').trim())) throw new CliError('Aborted!');
  } finally {
    ask.close();
  }
}
