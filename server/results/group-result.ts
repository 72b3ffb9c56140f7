// Results of several tasks: join them in order, or take them as they complete; groups can be saved and found again by id.
// One task's result, and restoring a saved group: async-result.ts.
// Holds: one watch for all members, however many; members of nested groups count as members; a failure is thrown as soon as it is
// known, not when its turn comes.
// Celery 5.6: result.py ResultSet, GroupResult
import { inspect } from 'node:util';
import { PROPAGATE_STATES, READY_STATES } from '../../shared/states.ts';
import { TimeoutError, toError } from '../errors.ts';
import { type ResultMeta, resultOf } from '../protocol/result-meta.ts';
import { DeadlinePassed, withDeadline } from './deadline.ts';
import type { AnyResult, GetOptions, ResultHost, ResultTuple, RevokeOptions } from './host.ts';

/** T: a member's value. All: the values of all, where each is known. */
export class ResultSet<T = unknown, All = T[]> {
  readonly host: ResultHost;
  readonly results: readonly AnyResult[];

  constructor(results: readonly AnyResult[], host: ResultHost) {
    this.results = results;
    this.host = host;
  }

  get length(): number {
    return this.results.length;
  }

  /** The values in the order of the members; those of a nested group as an array. */
  async join(options: GetOptions = {}): Promise<All> {
    const values = new Map<string, unknown>();
    for await (const [id, value] of this.#each(options)) values.set(id, value);
    const assemble = (result: AnyResult): unknown =>
      result.results ? result.results.map(assemble) : values.get(result.id);
    return this.results.map(assemble) as All;
  }

  /** The same as `join`. */
  get(options: GetOptions = {}): Promise<All> {
    return this.join(options);
  }

  /** Each member's result and value as it completes. */
  async *iterate(options: GetOptions = {}): AsyncGenerator<[result: AnyResult, value: T], void, undefined> {
    const byId = new Map(this.#members().map((member) => [member.id, member]));
    for await (const [id, value] of this.#each(options)) yield [byId.get(id)!, value as T];
  }

  [Symbol.asyncIterator](): AsyncGenerator<[result: AnyResult, value: T], void, undefined> {
    return this.iterate();
  }

  async ready(): Promise<boolean> {
    return (await this.#states()).every((state) => READY_STATES.has(state));
  }

  async successful(): Promise<boolean> {
    return (await this.#states()).every((state) => state === 'SUCCESS');
  }

  /** Has any member failed? */
  async failed(): Promise<boolean> {
    return (await this.#states()).includes('FAILURE');
  }

  /** Is any member still to come? */
  async waiting(): Promise<boolean> {
    return !(await this.ready());
  }

  /** How many members succeeded. */
  async completedCount(): Promise<number> {
    return (await this.#states()).filter((state) => state === 'SUCCESS').length;
  }

  async forget(): Promise<void> {
    await Promise.all(this.results.map((result) => result.forget()));
  }

  revoke(options: RevokeOptions = {}): Promise<void> {
    return this.host.revoke(
      this.#members().map((member) => member.id),
      options,
    );
  }

  /** Nested groups opened up. */
  #members(): AnyResult[] {
    return membersOf(this.results);
  }

  async #states(): Promise<string[]> {
    const members = this.#members();
    const asked = members.filter((member) => member.kind === 'task').map((member) => member.id);
    const found = asked.length > 0 ? await (await this.host.backend()).getMany(asked) : new Map<string, ResultMeta>();
    return Promise.all(
      members.map(async (member) =>
        member.kind === 'eager' ? member.state!() : (found.get(member.id)?.status ?? 'PENDING'),
      ),
    );
  }

  async *#each(options: GetOptions): AsyncGenerator<[id: string, value: unknown], void, undefined> {
    const members = this.#members();
    for (const member of members) if (member.kind === 'eager') yield [member.id, await member.get(options)];
    const missing = new Set(members.filter((member) => member.kind === 'task').map((member) => member.id));
    if (missing.size === 0) return;
    const backend = await this.host.backend();
    const arrived = channel<ResultMeta>();
    const watching = withDeadline(this.host, options, async (signal) => {
      const stop = AbortSignal.any([signal, arrived.stopped]);
      for await (const meta of backend.watch([...missing], stop)) arrived.push(meta);
    }).then(arrived.end, arrived.fail);
    try {
      for await (const meta of arrived.values()) {
        missing.delete(meta.task_id);
        if (PROPAGATE_STATES.has(meta.status) && options.propagate !== false) throw toError(resultOf(meta));
        yield [meta.task_id, resultOf(meta)];
      }
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
      throw await this.#timeout(options.timeout ?? 0, [...missing], members.length);
    } finally {
      arrived.stop();
      await watching;
    }
  }

  async #timeout(seconds: number, missing: readonly string[], all: number): Promise<TimeoutError> {
    const first = missing[0]!;
    const state = (await (await this.host.backend()).get(first))?.status ?? 'PENDING';
    return new TimeoutError(
      `${missing.length} of ${all} results did not come within ${seconds} s; the state of ${first} is ${state}`,
    );
  }
}

/** The result of a group: a set with an id, which can be saved. */
export class GroupResult<T = unknown, All = T[]> extends ResultSet<T, All> implements AnyResult {
  readonly kind = 'group';
  readonly id: string;
  parent: AnyResult | null;

  constructor(
    id: string,
    results: readonly AnyResult[],
    host: ResultHost,
    options: { parent?: AnyResult | null } = {},
  ) {
    super(results, host);
    this.id = id;
    this.parent = options.parent ?? null;
  }

  /** Keep the list of members in the store, to be found again by id (`restoreGroup`). */
  async save(): Promise<void> {
    await (await this.host.backend()).saveGroup(this.id, this.asTuple());
  }

  /** Forget what `save` stored. The members' results stay. */
  async delete(): Promise<void> {
    await (await this.host.backend()).forgetGroup(this.id);
  }

  override async forget(): Promise<void> {
    await super.forget();
    await this.parent?.forget();
  }

  /** As it stands in result records: [[id, parent], [members]]. */
  asTuple(): ResultTuple {
    return [[this.id, this.parent?.asTuple() ?? null], this.results.map((result) => result.asTuple())];
  }

  [inspect.custom](): string {
    return `<GroupResult ${this.id} of ${this.length}>`;
  }
  override toString(): string {
    return this.id;
  }

  toJSON(): ResultTuple {
    return this.asTuple();
  }
}

function membersOf(results: readonly AnyResult[]): AnyResult[] {
  return results.flatMap((result) => (result.results ? membersOf(result.results) : [result]));
}

/** From one who pushes to one who takes, in order. */
function channel<T>() {
  const items: T[] = [];
  const stopping = new AbortController();
  let ended = false;
  let failure: unknown;
  let failed = false;
  let wake: (() => void) | null = null;
  const finish = (): void => {
    ended = true;
    wake?.();
  };
  return {
    stopped: stopping.signal,
    stop: (): void => stopping.abort(),
    push(item: T): void {
      items.push(item);
      wake?.();
    },
    end: finish,
    fail(error: unknown): void {
      failed = true;
      failure = error;
      finish();
    },
    async *values(): AsyncGenerator<T, void, undefined> {
      for (;;) {
        while (items.length > 0) yield items.shift()!;
        if (failed) throw failure;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
    },
  };
}
