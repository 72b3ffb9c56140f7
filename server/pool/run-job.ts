// From a job to the run of its task's body in this process, be it the worker's own or a child that got a frame.
// Not here: what a run is (app/trace.ts), when it may begin (the pool).
// Holds: it never rejects.
import type { Celery } from '../app/celery.ts';
import type { TaskOutcome } from '../app/outcome.ts';
import { traceTask } from '../app/trace.ts';
import { NotRegistered, toError } from '../errors.ts';
import { exceptionRepr } from '../protocol/failure.ts';
import type { TaskMessage } from '../protocol/task-message.ts';
import type { Execute, Job } from './contract.ts';
import { readJob } from './job.ts';

export function jobRunner(app: Celery): Execute {
  const { pid } = process;
  return (job, stop, bodyEnded) => {
    const run = (message: TaskMessage): Promise<TaskOutcome> => {
      const task = app.tasks.get(message.task);
      if (!task) return Promise.resolve(unreadable(job, new NotRegistered(message.task)));
      return traceTask(app, task, message, { hostname: job.hostname, stop, bodyEnded, pid });
    };
    if (job.message) return run(job.message);
    const reader = {
      decode: app.decode.bind(app),
      sizeLimit: app.conf.decompressed_size_limit,
    };
    return readJob(job, reader).then(run, (error: unknown) => unreadable(job, toError(error)));
  };
}

/** The parent has read it before; here it could not be. */
function unreadable(job: Job, error: Error): TaskOutcome {
  const { id, name } = job;
  const excRepr = exceptionRepr(error);
  return { id, name, runtimeMs: 0, state: 'FAILURE', error, excRepr, traceback: null, internal: true };
}
