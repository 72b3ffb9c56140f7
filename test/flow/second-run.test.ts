// A task that is delivered again while it still runs here, as brokers do when they have not heard of it for long: it is told of.
import { expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { gate, makeWorld } from './worker-world.ts';

it('a task that is delivered again while it runs here is told of, and no other', async () => {
  const { open, opened } = gate();
  const begun: string[] = [];
  const { app, worker, channel, lines } = await makeWorld(
    (made) =>
      made.task({ name: 'held', bind: true }, async function () {
        begun.push(this.request.id);
        await opened;
      }),
    { settings: { task_acks_late: true } },
  );
  /** As the broker gives it the second time. */
  const again = async (id: string, redelivered = true) => {
    await app.sendTask('held', [], {}, { task_id: id, queue: 'aside' });
    if (redelivered) (await channel.get('aside'))!.reject({ requeue: true });
    const message = await until(() => channel.get('aside'), 'it to be back');
    expect(message.redelivered).toBe(redelivered);
    worker.consumer.host.strategy.onMessage(message);
  };
  await app.sendTask('held', [], {}, { task_id: 'mine' });
  await until(() => begun.length === 1, 'it to run');

  await again('other');
  await again('mine', false);
  expect(lines.filter((line) => /will run a second time/.test(line))).toEqual([]);
  await again('mine');
  expect(lines.filter((line) => /will run a second time/.test(line))).toEqual([
    'WARNING Task held[mine] was delivered again while it runs here: it will run a second time.',
  ]);
  open();
  await until(() => begun.filter((id) => id === 'mine').length === 3, 'all its runs');
});
