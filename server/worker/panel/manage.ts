// Commands that change something: revoke, terminate, limits, pool size, consumers, events, shutdown.
// Not here: answers that change nothing (inspect.ts); how a request is stopped (request.ts).
// Holds: the reply says what was done in Celery's words, and what could not be done.
// Celery 5.6: worker/control.py
import { stringRepr } from '../../../shared/python-repr.ts';
import { plainRate } from '../../../shared/rate.ts';
import { includeModules } from '../../app/load.ts';
import { parseRate, RateError } from '../rate-limit.ts';
import { signalName } from '../request.ts';
import { stampMatches } from '../revoked.ts';
import { SOFTWARE } from '../state.ts';
import { type CommandHandler, count, NO_REPLY, named, type PanelHandle, PythonError, texts } from './registry.ts';

/** Ids named in one line of the log. */
const MAX_LOGGED = 50;

const ok = (text: string) => ({ ok: text });
const nok = (text: string) => ({ error: text });

export const MANAGE: Readonly<Record<string, CommandHandler>> = {
  revoke: (handle, { task_id, terminate, signal }) => revoke(handle, texts(task_id), terminate === true, signal),
  terminate: (handle, { task_id, signal }) => revoke(handle, texts(task_id), true, signal),

  revoke_by_stamped_headers(handle, { headers, terminate, signal }) {
    const { log, state } = handle;
    const table = stampTable(headers);
    const wanted = new Map(Object.entries(table).map(([name, values]) => [name, new Set(texts(values))]));
    state.revoked.addStamps(Object.fromEntries([...wanted].map(([name, values]) => [name, [...values]])));
    const shown = pythonTable(table);
    const hit = [...state.requests].filter((r) => stampMatches(wanted, r.body.stamped_headers, r.body.stamps));
    for (const request of hit) if (request.phase !== 'active') request.revoked();
    if (terminate !== true) {
      log.info(`Headers ${shown} flagged as revoked, but not terminated`);
      return ok(`headers ${shown} flagged as revoked, but not terminated`);
    }
    const running = hit.filter((request) => request.phase === 'active');
    if (running.length === 0) return ok(`headers ${shown} were not terminated`);
    for (const request of running) request.terminate(signalName(signal));
    return ok(`headers ${shown} revoked${terminateNote(handle)}`);
  },

  rate_limit(handle, { task_name, rate_limit: given }) {
    // Blanks around number and unit mean nothing. Python's worker fails on them.
    const rate_limit = typeof given === 'string' ? (plainRate(given) ?? given) : given;
    const name = named(task_name, 'task_name');
    try {
      parseRate(rate_limit as string | number | null);
    } catch (error) {
      if (error instanceof RateError && error.name === 'ValueError') {
        return nok(`Invalid rate limit string: ValueError(${pythonRepr(error.message)})`);
      }
      throw error;
    }
    const task = handle.app.tasks.get(name);
    if (!task) {
      handle.log.error(`Rate limit attempt for unknown task ${name}`);
      return nok('unknown task');
    }
    (task.options as { rate_limit?: unknown }).rate_limit = rate_limit ?? null;
    handle.resetLimits();
    if (!rate_limit) {
      handle.log.info(`Rate limits disabled for tasks of type ${name}`);
      return ok('rate limit disabled successfully');
    }
    handle.log.info(`New rate limit for tasks of type ${name}: ${String(rate_limit)}.`);
    return ok('new rate limit set successfully');
  },

  time_limit(handle, { task_name, hard, soft }) {
    const name = named(task_name, 'task_name');
    const task = handle.app.tasks.get(name);
    if (!task) {
      handle.log.error(`Change time limit attempt for unknown task ${name}`);
      return nok('unknown task');
    }
    const options = task.options as { time_limit?: number | null; soft_time_limit?: number | null };
    const limits = { soft: seconds(soft, 'soft'), hard: seconds(hard, 'hard') };
    options.soft_time_limit = limits.soft;
    options.time_limit = limits.hard;
    handle.resetLimits();
    handle.log.info(`New time limits for tasks of type ${name}: soft=${limits.soft} hard=${limits.hard}`);
    return ok('time limits set successfully');
  },

  enable_events({ events, log }) {
    if (events.groups.size === 0 || events.groups.has('task')) return ok('task events already enabled');
    events.groups.add('task');
    log.info('Events of group {task} enabled by remote.');
    return ok('task events enabled');
  },

  disable_events({ events, log }) {
    if (!events.groups.has('task')) return ok('task events already disabled');
    events.groups.delete('task');
    log.info('Events of group {task} disabled by remote.');
    return ok('task events disabled');
  },

  heartbeat({ events, log }) {
    log.debug('Heartbeat requested by remote.');
    events.send('worker-heartbeat', { freq: 5, ...SOFTWARE });
    return null;
  },

  pool_grow(handle, { n }) {
    if (handle.autoscaler) return nok('pool_grow is not supported with autoscale. Adjust autoscale range instead.');
    handle.pool.grow(count(n, 'n'));
    handle.prefetch.resize(handle.pool.limit);
    return ok('pool will grow');
  },

  pool_shrink(handle, { n }) {
    if (handle.autoscaler) return nok('pool_shrink is not supported with autoscale. Adjust autoscale range instead.');
    handle.pool.shrink(count(n, 'n'));
    handle.prefetch.resize(handle.pool.limit);
    return ok('pool will shrink');
  },

  /** Children load everything anew, so that `reload` has nothing to add; `modules` are loaded here too, which must know their tasks. */
  async pool_restart(handle, { modules }) {
    const { app, pool, log } = handle;
    if (!app.conf.get('worker_pool_restarts')) throw new PythonError('ValueError', 'Pool restarts not enabled');
    await includeModules(app, texts(modules));
    const restarting = pool.restart();
    restarting.catch((error: Error) => log.error(`The pool could not be restarted: ${error.message}`));
    // It takes as long as what runs; a pool that cannot do it says so at once.
    await Promise.race([restarting, new Promise(setImmediate)]);
    return ok('reload started');
  },

  autoscale({ autoscaler }, { max, min }) {
    if (!autoscaler) throw new PythonError('ValueError', 'Autoscale not enabled');
    // None and 0 are as good as nothing, but for the lower bound.
    const most = max === null || max === undefined || max === 0 ? undefined : count(max, 'max');
    const fewest = min === null || min === undefined ? undefined : min === 0 ? 0 : count(min, 'min');
    const now = autoscaler.update(most, fewest);
    return ok(`autoscale now max=${now.max} min=${now.min}`);
  },

  election({ consumer }, { id, topic, action }) {
    if (!consumer.gossip) throw new PythonError('RuntimeError', 'A worker without gossip takes no part in elections');
    consumer.gossip.election(String(id), String(topic), action);
    return null;
  },

  shutdown(handle, { msg }) {
    handle.log.warning(typeof msg === 'string' ? msg.slice(0, 1000) : 'shutdown');
    handle.stop('warm');
    return NO_REPLY;
  },

  async add_consumer(handle, { queue, exchange, exchange_type, routing_key, ...options }) {
    const name = named(queue, 'queue');
    await handle.addQueue(name, {
      exchange: text(exchange),
      exchangeType: text(exchange_type),
      routingKey: text(routing_key),
      options,
    });
    return ok(`add consumer ${name}`);
  },

  async cancel_consumer(handle, { queue }) {
    const name = named(queue, 'queue');
    await handle.cancelQueue(name);
    return ok(`no longer consuming from ${name}`);
  },
};

function revoke(handle: PanelHandle, ids: readonly string[], terminate: boolean, signal: unknown): { ok: string } {
  const { state, log } = handle;
  const unique = [...new Set(ids)];
  for (const id of unique) state.revoked.add(id);
  const known = state.find(new Set(unique));
  const running = known.filter((request) => request.phase === 'active');
  // What waits here is told at once, not when its turn comes.
  for (const request of known) if (request.phase !== 'active') request.revoked();
  if (!terminate) {
    const shown = unique.slice(0, MAX_LOGGED).join(', ');
    log.info(
      `Tasks flagged as revoked: ${shown}${unique.length > MAX_LOGGED ? ` and ${unique.length - MAX_LOGGED} more` : ''}`,
    );
    return ok(`tasks ${pythonSet(unique)} flagged as revoked`);
  }
  if (running.length === 0) return ok('terminate: tasks unknown');
  const name = signalName(signal);
  const terminated = new Set<string>();
  for (const request of running) {
    log.info(`Terminating ${request.id} (${name})`);
    request.terminate(name);
    terminated.add(request.id);
  }
  return ok(`terminate: ${[...terminated].join(', ')}${terminateNote(handle)}`);
}

/** What the pool cannot do is said. */
function terminateNote({ pool }: PanelHandle): string {
  if (pool.canTerminate === 'kill') return '';
  return ` (the ${pool.name} pool cannot kill a task: its signal was aborted, and what it still does is dropped)`;
}

/** {name: [values]} or ["name=value", ...] */
function stampTable(headers: unknown): Record<string, unknown> {
  if (Array.isArray(headers)) {
    const pairs = headers.map((item) => {
      const [name, ...rest] = String(item).split('=');
      if (rest.length === 0) throw new PythonError('IndexError', 'list index out of range');
      return [name!, rest.join('=')] as const;
    });
    return Object.fromEntries(pairs);
  }
  if (headers && typeof headers === 'object') return { ...(headers as Record<string, unknown>) };
  throw new PythonError('ValueError', 'headers must be a table of stamps or a list of "name=value"');
}

function pythonTable(table: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(table).map(([name, value]) => {
    const values = Array.isArray(value) ? `[${value.map(pythonRepr).join(', ')}]` : pythonRepr(value);
    return `${pythonRepr(name)}: ${values}`;
  });
  return `{${shown.join(', ')}}`;
}

function pythonSet(ids: readonly string[]): string {
  return ids.length === 0 ? 'set()' : `{${ids.map(pythonRepr).join(', ')}}`;
}

function pythonRepr(value: unknown): string {
  return stringRepr(String(value));
}

function text(value: unknown): string | null {
  return value === null || value === undefined || value === ''
    ? null
    : named(value, 'exchange, exchange_type and routing_key');
}

function seconds(value: unknown, name: string): number | null {
  if (value === null || value === undefined) return null;
  const n = Number(value);
  if (!Number.isFinite(n) || n < 0)
    throw new PythonError('ValueError', `${name} must be seconds, not ${String(value)}`);
  return n;
}
