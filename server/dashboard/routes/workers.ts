// /workers: all of them, and one with what it says of itself. Acting on them: operations.ts.
import type { FastifyInstance } from 'fastify';
import { workerRows } from '../cluster/rows.ts';
import { workerDetail } from '../views/worker-detail.ts';
import { notFound, type RouteContext } from './context.ts';
import { serve } from './serve.ts';

export function workerRoutes(app: FastifyInstance, context: RouteContext): void {
  serve(app, 'GET /workers', async () => ({
    items: workerRows(context.cluster),
  }));

  serve(app, 'GET /workers/:hostname', async (request) => {
    const { hostname } = request.params;
    const detail = await workerDetail({ ...context, ...context.desk }, hostname);
    if (!detail) throw notFound(`No worker named ${hostname} has been heard.`);
    return detail;
  });
}
