// /schedules: what beat sends, when, and which beat it is. Reading only: it is beat that writes.
import { schedulesOf } from '../views/schedules.ts';
import type { Serve } from './serve.ts';

export function scheduleRoutes(serve: Serve): void {
  serve('GET /schedules', async ({ cluster, masking, schedules }) => schedulesOf(schedules, masking, cluster.now));
}
