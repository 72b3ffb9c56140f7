// With worker_disable_prefetch a worker holds no message that cannot run at once, whenever its tasks are acknowledged.
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { brokers } from './brokers.ts';
import { gate, makeWorld } from './worker-world.ts';

describe.each(brokers)('on %s', (_, url) => {
  it.each([false, true])(
    'as many run as there are places, and the rest stays in the queue (acks_late: %s)',
    async (late) => {
      const broker = url();
      const doors = [gate(), gate(), gate(), gate()];
      const begun: number[] = [];
      const w = await makeWorld(
        (app) =>
          app.task({ name: 'held', params: ['n'], acks_late: late }, (n: number) => {
            begun.push(n);
            return doors[n]!.opened;
          }),
        {
          settings: { broker, backend: broker },
          worker: { concurrency: 2, disablePrefetch: true, taskEvents: false },
        },
      );
      for (let n = 0; n < 4; n++) await w.app.sendTask('held', [n]);
      await until(() => begun.length === 2, 'two to run');
      // The command is answered by way of the broker: what the worker would have taken beside the two, it has by now.
      await w.app.control.ping({ destination: ['w1@vec'], timeout: 90 });
      expect([begun, w.worker.state.requests.size, await w.depth()]).toEqual([[0, 1], 2, 2]);
      doors[1]!.open();
      await until(() => begun.length === 3, 'the next to run');
      await w.app.control.ping({ destination: ['w1@vec'], timeout: 90 });
      expect([begun, w.worker.state.requests.size, await w.depth()]).toEqual([[0, 1, 2], 2, 1]);
      for (const door of doors) door.open();
      await until(() => begun.length === 4, 'the last to run');
    },
  );
});
