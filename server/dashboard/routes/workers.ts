// /workers: all of them, and one with what it says of itself. Acting on them: operations.ts.
import { workerRows } from '../cluster/rows.ts';
import { workerDetail } from '../views/worker-detail.ts';
import { notFound } from './context.ts';
import type { Serve } from './serve.ts';

export function workerRoutes(serve: Serve): void {
  serve('GET /workers', async (context) => ({
    items: workerRows(context.cluster),
  }));

  serve('GET /workers/:hostname', async (context, request) => {
    const { hostname } = request.params;
    const detail = await workerDetail({ ...context, ...context.desk }, hostname);
    if (!detail) throw notFound(`No worker named ${hostname} has been heard.`);
    return detail;
  });
}
