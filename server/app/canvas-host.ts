// What canvas asks of the app (canvas/host.ts), answered by it.
// Not here: what is done with the answers (canvas/).
import { pipe, revive } from '../canvas/compose.ts';
import type { CanvasHost } from '../canvas/host.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { pythonTraceback } from '../protocol/failure.ts';
import { newTaskId } from '../protocol/task-id.ts';
import { AsyncResult } from '../results/async-result.ts';
import { GroupResult } from '../results/group-result.ts';
import type { Celery } from './celery.ts';
import { sendChordUnlock } from './chord-unlock.ts';
import { addToTrail } from './context.ts';
import { eagerMessage } from './eager-message.ts';
import { callErrbacks, errbacksOf } from './errbacks.ts';
import type { RegisteredTask } from './host.ts';
import { sendTask } from './publisher.ts';
import type { Task } from './task.ts';

export function canvasHost(app: Celery): CanvasHost {
  const taskOf = (name: string): RegisteredTask & Task => {
    const task = app.tasks.get(name);
    if (!task)
      throw new ImproperlyConfigured(`The task '${name}' cannot run here: it is not registered in '${app.name}'.`);
    return task;
  };
  const host: CanvasHost = {
    oid: app.oid,
    get alwaysEager() {
      return app.conf.task_always_eager;
    },
    get errorsOnChordHeader() {
      return app.conf.task_allow_error_cb_on_chord_header;
    },
    newId: newTaskId,
    send: (name, args, kwargs, options) => {
      const task = app.tasks.get(name);
      return task ? task.send(args, kwargs, options) : sendTask(app, name, args, kwargs, options);
    },
    runHere: (name, args, kwargs, options) => taskOf(name).apply(args as readonly [], kwargs, options),
    callErrbacks: (signature, error) => {
      const message = eagerMessage(signature.task, signature, signature.options);
      const embed = { ...message.embed, errbacks: errbacksOf(signature.toJSON()) };
      return callErrbacks(app, { ...message, embed }, error, pythonTraceback(error));
    },
    backend: () => app.backend(),
    unlockLater: (header, body, options) => sendChordUnlock(app, header, body, options),
    addToTrail,
    asyncResult: (id, parent) => new AsyncResult(id, app, { parent: parent ?? null }),
    groupResult: (id, results, parent) => new GroupResult(id, results, app, { parent: parent ?? null }),
    revive: (like) => revive(like, host),
    pipe,
  };
  return host;
}
