// The app in a child of a pool: loaded again as the worker loaded it, and its tasks run as the worker itself would.
// Celery 5.6: concurrency/prefork.py process_initializer
import { loadSource } from '../app/load.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { LoadWork } from './child-main.ts';
import { jobRunner } from './run-job.ts';
import { redirectOutput } from './task-output.ts';

export const loadApp: LoadWork = async ({ source }, log) => {
  if (!source) throw new ImproperlyConfigured('The app was not loaded from a module, so that no child can load it.');
  const app = await loadSource(source);
  app.log = log;
  await app.loadBackend();
  const { conf } = app;
  if (conf.worker_redirect_stdouts) redirectOutput(conf.worker_redirect_stdouts_level);
  return {
    execute: jobRunner(app),
    chordParts: () => app.chordPartsCounted,
    close: () => app.close(),
  };
};
