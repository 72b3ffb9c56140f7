// The questions of the contract as calls of the thread that reads: each goes by its name, with its arguments as they are.
// Not here: what answers them (read.ts), how a call gets there (history.ts, history-thread.ts).
// Holds: the compiler compares each with the reader's own method, so that a question nobody answers does not compile.
import type {
  Dim,
  FacetAsk,
  FailuresAsk,
  HistoryQuestions,
  SeriesAsk,
  TaskListQuery,
  WindowAsk,
  WorkflowAsk,
  WorkflowsAsk,
} from '../contract.ts';
import type { HistoryReader } from './read.ts';

type Question = keyof HistoryQuestions;
type Answer<Q extends Question> = ReturnType<HistoryReader[Q]>;

export abstract class AskedHistory implements HistoryQuestions {
  /** @param signal nobody waits any more */
  protected abstract ask<Q extends Question>(
    question: Q,
    args: Parameters<HistoryReader[Q]>,
    signal?: AbortSignal,
  ): Promise<Answer<Q>>;

  tasks(query: TaskListQuery, signal?: AbortSignal): Promise<Answer<'tasks'>> {
    return this.ask('tasks', [query], signal);
  }
  facets(ask: FacetAsk, signal?: AbortSignal): Promise<Answer<'facets'>> {
    return this.ask('facets', [ask], signal);
  }
  window(ask: WindowAsk, signal?: AbortSignal): Promise<Answer<'window'>> {
    return this.ask('window', [ask], signal);
  }
  whole(uuids: readonly string[]): Promise<Answer<'whole'>> {
    return this.ask('whole', [uuids]);
  }
  task(uuid: string): Promise<Answer<'task'>> {
    return this.ask('task', [uuid]);
  }
  tries(uuid: string): Promise<Answer<'tries'>> {
    return this.ask('tries', [uuid]);
  }
  rows(uuids: readonly string[]): Promise<Answer<'rows'>> {
    return this.ask('rows', [uuids]);
  }
  newest(names: readonly string[], limit: number): Promise<Answer<'newest'>> {
    return this.ask('newest', [names, limit]);
  }
  children(uuid: string, limit: number): Promise<Answer<'children'>> {
    return this.ask('children', [uuid, limit]);
  }
  workflow(ask: WorkflowAsk): Promise<Answer<'workflow'>> {
    return this.ask('workflow', [ask]);
  }
  workflows(ask: WorkflowsAsk, signal?: AbortSignal): Promise<Answer<'workflows'>> {
    return this.ask('workflows', [ask], signal);
  }
  unfinished(limit: number): Promise<Answer<'unfinished'>> {
    return this.ask('unfinished', [limit]);
  }
  countedEnds(uuids: readonly string[]): Promise<Answer<'countedEnds'>> {
    return this.ask('countedEnds', [uuids]);
  }
  heldBy(worker: string, limit: number): Promise<Answer<'heldBy'>> {
    return this.ask('heldBy', [worker, limit]);
  }
  workers(): Promise<Answer<'workers'>> {
    return this.ask('workers', []);
  }
  taskNames(): Promise<Answer<'taskNames'>> {
    return this.ask('taskNames', []);
  }
  series(ask: SeriesAsk): Promise<Answer<'series'>> {
    return this.ask('series', [ask]);
  }
  perMinute(dim: Dim, from: number, to: number): Promise<Answer<'perMinute'>> {
    return this.ask('perMinute', [dim, from, to]);
  }
  sums(step: number, from: number, to: number): Promise<Answer<'sums'>> {
    return this.ask('sums', [step, from, to]);
  }
  keyStats(dim: Dim, from: number, to: number, suffix: string | null): Promise<Answer<'keyStats'>> {
    return this.ask('keyStats', [dim, from, to, suffix]);
  }
  gauge(name: string, from: number, to: number): Promise<Answer<'gauge'>> {
    return this.ask('gauge', [name, from, to]);
  }
  gauges(prefix: string, from: number): Promise<Answer<'gauges'>> {
    return this.ask('gauges', [prefix, from]);
  }
  failures(ask: FailuresAsk): Promise<Answer<'failures'>> {
    return this.ask('failures', [ask]);
  }
  operations(
    before: number | null,
    limit: number,
    wanted?: Parameters<HistoryQuestions['operations']>[2],
  ): Promise<Answer<'operations'>> {
    return this.ask('operations', [before, limit, wanted]);
  }
  people(since: number, limit: number): Promise<Answer<'people'>> {
    return this.ask('people', [since, limit]);
  }
  counts(): Promise<Answer<'counts'>> {
    return this.ask('counts', []);
  }
  heard(): Promise<Answer<'heard'>> {
    return this.ask('heard', []);
  }
}
