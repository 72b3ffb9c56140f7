// What is told of a task of Python: tries, results large and unreadable, and where they are kept.
// Of one cluster with the other files here: ../python-cluster.test.ts.

import { describe, expect, it } from 'vitest';
import type { ClusterInfo } from '../../../shared/wire/cluster.ts';
import type { CallReply, ResultReply } from '../../../shared/wire/task-values.ts';
import type { TaskDetail } from '../../../shared/wire/tasks.ts';
import { startListening } from '../../support/python-dashboard.ts';
import { until } from '../../support/until.ts';
import { BUSY, type PythonCluster } from './cluster.ts';

export function tellsOfTasks(c: PythonCluster): void {
  const { open, get, workers, inState } = c;

  describe('what a task tells', () => {
    it('counts the tries of a retried one from the first, and forgets what was raised when it succeeds', async () => {
      const id = await c.shop.py<string>(`result = send('shop.unstable', 3)`);
      // Celery tells of a retry by another way than of what comes after it: it may be heard last.
      const tries = async () => (await inState(id, 'SUCCESS')).tries.map((t) => [t.number, t.state]);
      await expect.poll(tries).toEqual([
        [0, 'RETRY'],
        [1, 'RETRY'],
        [2, 'RETRY'],
        [3, 'SUCCESS'],
      ]);
      const task = await inState(id, 'SUCCESS');
      expect(task.tries.map((t) => t.exception)).toEqual([
        ...Array(3).fill("ConnectionError('the bank does not answer')"),
        null,
      ]);
      expect(task).toMatchObject({ name: 'shop.unstable', retries: 3, result: '3' });
    });

    it('reads a result of 5 MB in part, all of it when asked, and says when there is none', async () => {
      const [large, ignored, waits] = await c.shop.py<string[]>(
        `result = [send('shop.large', 5_000_000), send('shop.ignored'), send('shop.add', 1, 1, countdown=600)]`,
      );
      await inState(large!, 'SUCCESS');
      const part = await get<ResultReply>(`tasks/${large}/result`);
      expect(part).toMatchObject({ found: true, cut: true, status: 'SUCCESS' });
      expect(part.size).toBeGreaterThan(5_000_000);
      expect(JSON.stringify(part).length).toBeLessThan(200_000);
      const whole = await get<ResultReply>(`tasks/${large}/result?whole=true`);
      expect(whole).toMatchObject({ cut: false, result: { size: 5_000_000 } });
      await c.shop.py(`app.AsyncResult('${large}').forget()`);
      expect(await get<ResultReply>(`tasks/${large}/result`)).toMatchObject({
        found: false,
        reason: expect.stringMatching(/expired.*ignored.*never stored/),
      });
      await inState(waits!, 'RECEIVED');
      expect((await get<ResultReply>(`tasks/${waits}/result`)).reason).toBe('It has not finished.');
      const call = await get<CallReply>(`tasks/${waits}/call`);
      expect(call).toMatchObject({ source: 'unacked', args: [1, 1] });
      await until(async () => (await get<TaskDetail>(`tasks/${ignored}`)).end_unknown, 'the end nobody tells of', BUSY);
    });

    it('shows a pickled record as data, and says of one it cannot read that it cannot, and not that the store is gone', async () => {
      const id = await c.shop.py<string>(`
import pickle
result = send('shop.add', 1, 2)
app.AsyncResult(result).get(timeout=30)
app.backend.client.set('celery-task-meta-' + result, pickle.dumps({'status': 'SUCCESS', 'result': (3, {4})}))`);
      await inState(id, 'SUCCESS');
      expect(await get<ResultReply>(`tasks/${id}/result`)).toMatchObject({ found: true, result: [3, [4]] });
      await c.shop.py(`app.backend.client.set('celery-task-meta-${id}', b'\\x80\\x04garbage.')`);
      expect((await get<ResultReply>(`tasks/${id}/result`)).reason).toMatch(/^Its record cannot be read here: /);
      const { sources } = await get<ClusterInfo>('cluster');
      expect(sources.find((s) => s.name === 'results')).toMatchObject({ ok: true });
    });

    it('names the store of the workers when it was given none', async () => {
      const bare = open({ result_backend: null });
      try {
        await startListening(bare);
        await until(async () => (await workers(bare)).length >= 3, 'the workers', BUSY);
        const id = await c.shop.py<string>(`result = send('shop.add', 1, 2)`);
        await until(async () => (await get<TaskDetail>(`tasks/${id}`, bare)).state === 'SUCCESS', 'the task', BUSY);
        const reply = await until(
          async () => {
            const found = await get<ResultReply>(`tasks/${id}/result`, bare);
            return found.reason?.includes('workers use') && found;
          },
          'their settings',
          BUSY,
        );
        expect(reply.reason).toContain(c.shop.backend);
      } finally {
        await bare.close();
      }
    });
  });
}
