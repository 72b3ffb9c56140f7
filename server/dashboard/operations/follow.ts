// The effects of operations, looked at again until they are seen or their time is over; kept with the record and sent to whoever looks.
// Not here: what is looked at (the rows of table.ts).
// Holds: a bounded number at a time; looks come further and further apart; what was seen last is in the history.
import type { EffectLine, OperationEffect } from '../../../shared/wire/effect.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Feed } from '../live/feed.ts';
import type { Seen, Watch } from './contract.ts';

/** When it is looked at again, after it was done. @unit milliseconds */
const LOOKS_MS = [
  1000, 2000, 3500, 5000, 8000, 12_000, 17_000, 23_000, 30_000, 40_000, 50_000, 60_000, 75_000, 90_000, 105_000,
  120_000,
];
const MAX_FOLLOWED = 100;

export interface EffectStore {
  saveEffect(operation: number, effect: string): Promise<void>;
}

export class Follower {
  readonly #timer: Timer;
  readonly #feed: Pick<Feed, 'operation'>;
  readonly #store: EffectStore;
  readonly #followed = new Map<number, TimerHandle | null>();
  #stopped = false;

  constructor(timer: Timer, feed: Pick<Feed, 'operation'>, store: EffectStore) {
    this.#timer = timer;
    this.#feed = feed;
    this.#store = store;
  }

  /** The first look; further ones go on by themselves. @returns the record with its effect */
  async follow(record: OperationRecord, watch: Watch): Promise<OperationRecord> {
    const begunMs = this.#timer.now();
    const until = begunMs / 1000 + watch.lasting;
    const first = await this.#look(record, watch, until);
    if (first.effect?.state === 'following' && this.#followed.size < MAX_FOLLOWED) {
      this.#followed.set(record.id, null);
      this.#next(first, watch, until, 0);
    }
    return first;
  }

  /** Of an effect that nobody looks at any more, since this server was started again, what was seen last stands. */
  asSeen(record: OperationRecord): OperationRecord {
    return record.effect?.state === 'following' && !this.#followed.has(record.id)
      ? { ...record, effect: { ...record.effect, state: 'not_seen' } }
      : record;
  }

  stop(): void {
    this.#stopped = true;
    for (const handle of this.#followed.values()) handle?.cancel();
    this.#followed.clear();
  }

  #next(record: OperationRecord, watch: Watch, until: number, nth: number): void {
    const waitMs = (LOOKS_MS[nth] ?? LOOKS_MS.at(-1)!) - (nth === 0 ? 0 : LOOKS_MS[nth - 1]!);
    const handle = this.#timer.after(Math.max(250, waitMs), async () => {
      if (this.#stopped) return;
      const next = await this.#look(record, watch, until);
      if (this.#stopped) return;
      if (changed(record.effect, next.effect)) this.#feed.operation(next);
      if (next.effect?.state === 'following') this.#next(next, watch, until, nth + 1);
      else this.#followed.delete(record.id);
    });
    this.#followed.set(record.id, handle);
  }

  async #look(record: OperationRecord, watch: Watch, until: number): Promise<OperationRecord> {
    const seen: Seen = await watch.see(record).catch((error: unknown) => ({
      sentence: `Its effect could not be looked at: ${error instanceof Error ? error.message : String(error)}`,
      lines: record.effect?.lines ?? [],
      tasks: record.effect?.tasks ?? null,
    }));
    const at = this.#timer.now() / 1000;
    const isSeen = seen.lines.length > 0 && seen.lines.every((line) => line.holds === true);
    const effect: OperationEffect = {
      state: isSeen ? 'seen' : at >= until ? 'not_seen' : 'following',
      sentence: seen.sentence,
      lines: [...seen.lines],
      tasks: seen.tasks,
      at,
      until,
    };
    if (changed(record.effect, effect)) await this.#store.saveEffect(record.id, JSON.stringify(effect)).catch(() => {});
    return { ...record, effect };
  }
}

function changed(a: OperationEffect | null | undefined, b: OperationEffect | null | undefined): boolean {
  const still = ({ at: _, lines, ...rest }: OperationEffect) =>
    JSON.stringify([rest, lines.map(({ at: __, ...line }: EffectLine) => line)]);
  return (a ? still(a) : '') !== (b ? still(b) : '');
}
