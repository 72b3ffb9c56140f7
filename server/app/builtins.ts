// The tasks every app has: what other Celerys may send us of canvas, and housekeeping.
// Celery 5.6: app/builtins.py

import type { SignatureLike } from '../canvas/call-options.ts';
import { listOf } from '../canvas/signature.ts';
import { unlockChord } from './chord-unlock.ts';
import type { TaskContext } from './context.ts';
import type { AppHost } from './host.ts';
import type { TaskOptions } from './task-options.ts';

export interface Builtin {
  readonly options: TaskOptions & { readonly name: string };
  readonly run: (this: TaskContext, ...args: never[]) => unknown;
}

export function builtinTasks(app: AppHost): readonly Builtin[] {
  return [...housekeeping(app), ...chordTasks(app), ...mappings(app), ...canvasTasks(app)];
}

function housekeeping(app: AppHost): readonly Builtin[] {
  return [
    {
      options: { name: 'celery.backend_cleanup', ignore_result: true, params: [] },
      async run() {
        await (await app.backend()).cleanup();
      },
    },
    {
      // Celery 5.6, app/builtins.py: what a task replaced by a group becomes.
      options: { name: 'celery.accumulate', bind: true },
      run: function accumulate(this: TaskContext, ...given: unknown[]) {
        const options = given.at(-1) as { index?: unknown };
        const named = typeof options === 'object' && options !== null && 'index' in options;
        const args = named ? given.slice(0, -1) : given;
        return named && typeof options.index === 'number' ? args[options.index] : args;
      },
    },
  ];
}

/** For stores that do not count. */
function chordTasks(app: AppHost): readonly Builtin[] {
  return [
    {
      options: {
        name: 'celery.chord_unlock',
        bind: true,
        max_retries: null,
        ignore_result: true,
        params: ['group_id', 'callback', 'interval?', 'max_retries?', 'result?', 'Result?', 'GroupResult?'],
      },
      async run(
        this: TaskContext,
        groupId: string,
        callback: SignatureLike,
        interval?: number | null,
        maxRetries?: number | null,
        result?: readonly unknown[],
      ) {
        const wait = interval ?? app.conf.result_chord_retry_interval;
        const again = { countdown: wait, ...(maxRetries === undefined ? {} : { max_retries: maxRetries }) };
        await unlockChord(app, this, groupId, app.canvas.revive(callback).toJSON(), result ?? [], () =>
          this.retry(again),
        );
      },
    },
  ];
}

function mappings(app: AppHost): readonly Builtin[] {
  /** Runs the mapped task as a function, in this process, as Celery does. */
  const callEach = async (like: SignatureLike, items: readonly unknown[], spread: boolean): Promise<unknown[]> => {
    const task = app.tasks.get(like.task);
    const results: unknown[] = [];
    for (const item of items) {
      const args = spread ? (item as unknown[]) : [item];
      if (!task) throw new TypeError(`The task '${like.task}' to be mapped is not registered here.`);
      results.push(await task.callWithoutRequest(task.bind([...like.args, ...args], like.kwargs)));
    }
    return results;
  };

  return [
    {
      options: { name: 'celery.map', params: ['task', 'it'] },
      run: (task: SignatureLike, it: readonly unknown[]) => callEach(task, it, false),
    },
    {
      options: { name: 'celery.starmap', params: ['task', 'it'] },
      run: (task: SignatureLike, it: readonly unknown[]) => callEach(task, it, true),
    },
    {
      options: { name: 'celery.chunks', params: ['task', 'it', 'n'] },
      async run(task: SignatureLike, it: readonly unknown[], n: number) {
        const result = await app.canvas
          .revive({ ...EMPTY, task: 'celery.chunks', kwargs: { task, it, n } })
          .applyAsync();
        return result.asTuple();
      },
    },
  ];
}

/** Canvas that another Celery sends as a task. */
function canvasTasks(app: AppHost): readonly Builtin[] {
  return [
    {
      // Sent only by Celery before 4; kept so that such messages still work.
      options: {
        name: 'celery.group',
        bind: true,
        params: ['tasks', 'result?', 'group_id?', 'partial_args?', 'add_to_parent?'],
      },
      async run(
        tasks: readonly SignatureLike[],
        _result?: unknown,
        groupId?: string,
        partial: readonly unknown[] = [],
      ) {
        const group = app.canvas.revive({
          ...EMPTY,
          task: 'celery.group',
          subtask_type: 'group',
          kwargs: { tasks: listOf(tasks) },
        });
        const result = await group.applyAsync(partial, {}, groupId ? { task_id: groupId } : {});
        return result.asTuple();
      },
    },
    {
      options: { name: 'celery.chain' },
      run() {
        throw new TypeError('celery.chain is no task of its own: a chain is sent as the message of its first step.');
      },
    },
    {
      options: { name: 'celery.chord', bind: true, params: ['header', 'body', 'partial_args?', 'interval?'] },
      async run(
        header: SignatureLike | readonly SignatureLike[],
        body: SignatureLike,
        partial: readonly unknown[] = [],
      ) {
        const kwargs = { kwargs: {}, header, body };
        const chord = app.canvas.revive({ ...EMPTY, task: 'celery.chord', subtask_type: 'chord', kwargs });
        return (await chord.applyAsync(partial)).asTuple();
      },
    },
  ];
}

const EMPTY = { args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };
