// Flower's documented answers, from Python workers on Redis. Of one cluster with the other files here: ../python-cluster.test.ts.
import { describe, expect, it } from 'vitest';
import { replayFlower } from '../../support/flower-replay.ts';
import type { PythonCluster } from './cluster.ts';

export function answersAsFlower(c: PythonCluster): void {
  describe("Flower's API", () => {
    it('answers as documented', async () => {
      await replayFlower(c.dashboard, {
        worker: 'web@py',
        task: 'shop.add',
        failing: 'shop.charge',
        'failing args': ['o-1'],
        queue: 'celery',
      });
    });

    it('hands on arguments as they were written, and tells of a failure by its repr and traceback', async () => {
      const apply = async (task: string, body: object) => {
        const reply = await c.dashboard.app.inject({ method: 'POST', url: `/api/task/apply/${task}`, payload: body });
        expect(reply.statusCode, reply.body).toBe(200);
        return reply.json<Record<string, unknown>>();
      };
      expect(await apply('shop.charge', { args: ['o-1'], kwargs: { amount: 2.5 } })).toMatchObject({
        state: 'FAILURE',
        result: "PaymentError('card of order o-1 declined: 2.5')",
        traceback: expect.stringMatching(/^Traceback.*PaymentError/s),
      });
      // Flower would hand on '&lt;a&gt;'; and a whole float stays one.
      const echo = await c.dashboard.app.inject({
        method: 'POST',
        url: '/api/task/apply/shop.echo',
        payload: '{"args": ["<a>", 1.0, 123456789012345678901], "kwargs": {"n": 2.50}}',
      });
      expect(echo.json()).toMatchObject({ result: "(('<a>', 1.0, 123456789012345678901), {'n': 2.5})" });
    });

    it('scales a worker that was started with --autoscale', async () => {
      const post = async (path: string) => {
        const { statusCode, body } = await c.dashboard.app.inject({ method: 'POST', url: `/api/worker/${path}` });
        return [statusCode, body];
      };
      expect(await post('pool/autoscale/extended@py?min=1&max=3')).toEqual([
        200,
        '{"message":"Autoscaling \'extended@py\' worker (min=1, max=3)"}',
      ]);
    });
  });
}
