// One task as a page uses it: read, followed by the live feed, and shown from its row until it is read or while the server is away.
// What is made of the parts: known-task.ts.

import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { Progress, TaskRow } from '../../../shared/wire/tasks.ts';
import type { WaitReason } from '../../../shared/wire/wait.ts';
import { ApiError } from '../api/client.ts';
import { storedStateQuery, taskQuery, waitQuery } from '../api/queries.ts';
import { t } from '../language/text.ts';
import { useConnection, useLiveTask, usePicture, useServerClock, useVisible, useWatch } from '../live/hooks.ts';
import { type KnownTask, ofRow, withLive } from './known-task.ts';
import { ofStored } from './progress.ts';

const REREAD_AFTER_MS = 150;
const REREAD_EVERY_MS = 5000;
const WAIT_EVERY_MS = 2500;
const STORED_EVERY_MS = 2000;

export interface OneTask {
  task: KnownTask | undefined;
  /** Why the whole of it could not be read. */
  error: unknown;
  /** No event named it, or it has left the history. */
  missing: boolean;
  refetch: () => void;
}

/** @param row as the list has it */
export function useTask(id: string, row?: TaskRow): OneTask {
  const live = useLiveTask(id);
  useWatch([id]);
  const query = useQuery({
    ...taskQuery(id),
    retry: (n, error) => n < 2 && !(error instanceof ApiError && error.status === 404),
    // A worker that falls silent changes what may be done, and no event says so.
    refetchInterval: (of) => (of.state.data && !ENDED_STATES.has(of.state.data.state) ? REREAD_EVERY_MS : false),
  });
  const lost = useConnection().mode === 'lost';
  const { refetch, data, error } = query;
  const stamp = live?.timestamp ?? 0;
  const known = data?.timestamp ?? 0;
  useEffect(() => {
    if (stamp <= known || known === 0) return;
    const handle = setTimeout(() => void refetch(), REREAD_AFTER_MS);
    return () => clearTimeout(handle);
  }, [stamp, known, refetch]);
  const facts = live ?? row;
  const away = lost || (error !== null && !(error instanceof ApiError && error.status > 0));
  const task = useMemo(
    () =>
      data
        ? withLive(data, live)
        : facts && ofRow(facts, away ? t('The dashboard server cannot be reached') : t('The task is being read')),
    [data, live, facts, away],
  );
  return {
    task,
    error: data ? null : error,
    missing: !data && error instanceof ApiError && error.status === 404,
    refetch: () => void refetch(),
  };
}

/** Why it does not run, asked again while it waits and somebody looks. undefined: this is not looked into. */
export function useWait(task: KnownTask): WaitReason | null | undefined {
  const visible = useVisible();
  const waits = Boolean(task.wait) && !ENDED_STATES.has(task.state);
  const query = useQuery({
    ...waitQuery(task.uuid),
    enabled: waits && visible,
    refetchInterval: WAIT_EVERY_MS,
    retry: false,
  });
  if (!waits) return task.wait;
  return query.data && query.data.at >= (task.wait?.at ?? 0) ? query.data : task.wait;
}

/**
 * The state its body stored last: as the server follows it, else as the result store says while somebody looks. Celery sends no
 * events of states that a task sets itself.
 */
export function useProgress(task: KnownTask): Progress | null {
  const live = usePicture((p) => p.progress.get(task.uuid));
  const visible = useVisible();
  const read = task.progress ?? null;
  const followed = live && (!read || live.asked >= read.asked) ? live : read;
  const runs = !ENDED_STATES.has(task.state) && task.started !== null && task.unknown_since === undefined;
  const before = useRef<Progress | null>(null);
  const stored = useQuery({
    ...storedStateQuery(task.uuid),
    enabled: runs && !followed && !task.partial && visible,
    refetchInterval: STORED_EVERY_MS,
  });
  const serverNow = useServerClock();
  const own = useMemo(
    () => (stored.data?.task_id === task.uuid ? ofStored(stored.data, serverNow(), before.current) : null),
    [stored.data, task.uuid, serverNow],
  );
  useEffect(() => {
    before.current = own;
  }, [own]);
  return runs ? (followed ?? own) : null;
}
