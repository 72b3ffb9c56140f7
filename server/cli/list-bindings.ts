// `umbel list bindings`: which queue gets what of which exchange, by what this app declares: that is what its producers and workers bind.
// Not here: bindings somebody made by hand at the broker, which no client is told of.
// Celery 5.6: bin/list.py
import type { Queue } from '../transport/entity.ts';
import { type Column, EXIT, table } from './output.ts';
import { type GlobalOptions, withApp } from './session.ts';

export interface BindingRow {
  readonly queue: string;
  readonly exchange: string;
  readonly routing_key: string;
}

const COLUMNS: readonly Column[] = [{ head: 'Queue' }, { head: 'Exchange' }, { head: 'Routing Key' }];

/** Declares the app's queues, as Celery's command does, so that what it shows is there. */
export function listBindings(options: GlobalOptions): Promise<number> {
  return withApp(options, async (app, output) => {
    const queues = [...app.router.queues.values()];
    const connection = app.connection('read');
    try {
      const channel = await connection.defaultChannel();
      for (const one of queues) if (!one.noDeclare) await channel.declareQueue(one);
    } finally {
      await connection.close();
    }
    const rows = queues.flatMap(bindingsOf);
    if (output.json) output.value(rows);
    else
      output.line(
        table(
          COLUMNS,
          rows.map((row) => [row.queue, row.exchange || '(default)', row.routing_key]),
          output,
        ),
      );
    return EXIT.ok;
  });
}

export function bindingsOf(queue: Queue): BindingRow[] {
  const own = {
    queue: queue.name,
    exchange: queue.exchange?.name ?? '',
    routing_key: queue.exchange ? queue.routingKey : queue.name,
  };
  const more = (queue.bindings ?? []).map(({ exchange, routingKey }) => ({
    queue: queue.name,
    exchange: exchange.name,
    routing_key: routingKey,
  }));
  return [own, ...more];
}
