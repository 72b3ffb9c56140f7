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
  readonly #followed = new Map<number, { record: OperationRecord; handle: TimerHandle | null }>();
  #stopped = false;

  constructor(timer: Timer, feed: Pick<Feed, 'operation'>, store: EffectStore) {
    this.#timer = timer;
    this.#feed = feed;
    this.#store = store;
  }

  /** The first look; further ones go on by themselves. @returns the record with its effect */
  async follow(record: OperationRecord, watch: Watch): Promise<OperationRecord> {
    const endsMs = this.#timer.monotonic() + watch.lasting * 1000;
    const first = await this.#look(record, watch, endsMs);
    if (first.effect?.state === 'following' && this.#followed.size < MAX_FOLLOWED) {
      this.#followed.set(record.id, { record: first, handle: null });
      this.#next(record.id, watch, endsMs, 0);
    }
    return first;
  }

  /** Its outcome is another than it was: workers answered late. @returns the record with what was seen of its effect last */
  amend(record: OperationRecord): OperationRecord {
    const followed = this.#followed.get(record.id);
    if (!followed) return record;
    followed.record = { ...record, effect: followed.record.effect ?? null };
    return followed.record;
  }

  /** Of an effect that nobody looks at any more, since this server was started again, what was seen last stands. */
  asSeen(record: OperationRecord): OperationRecord {
    return record.effect?.state === 'following' && !this.#followed.has(record.id)
      ? { ...record, effect: { ...record.effect, state: 'not_seen' } }
      : record;
  }

  stop(): void {
    this.#stopped = true;
    for (const { handle } of this.#followed.values()) handle?.cancel();
    this.#followed.clear();
  }

  #next(id: number, watch: Watch, endsMs: number, nth: number): void {
    const waitMs = (LOOKS_MS[nth] ?? LOOKS_MS.at(-1)!) - (nth === 0 ? 0 : LOOKS_MS[nth - 1]!);
    const followed = this.#followed.get(id)!;
    followed.handle = this.#timer.after(Math.max(250, waitMs), async () => {
      if (this.#stopped) return;
      const before = followed.record.effect;
      const { effect } = await this.#look(followed.record, watch, endsMs);
      if (this.#stopped) return;
      followed.record = { ...followed.record, effect: effect ?? null };
      if (changed(before, effect)) this.#feed.operation(followed.record);
      if (effect?.state === 'following') this.#next(id, watch, endsMs, nth + 1);
      else this.#followed.delete(id);
    });
  }

  /** @param endsMs by the clock that nobody sets */
  async #look(record: OperationRecord, watch: Watch, endsMs: number): Promise<OperationRecord> {
    const seen: Seen = await watch.see(record).catch((error: unknown) => ({
      sentence: `Its effect could not be looked at: ${error instanceof Error ? error.message : String(error)}`,
      lines: record.effect?.lines ?? [],
      tasks: record.effect?.tasks ?? null,
    }));
    const at = this.#timer.now() / 1000;
    const leftMs = endsMs - this.#timer.monotonic();
    const isSeen = seen.lines.length > 0 && seen.lines.every((line) => line.holds === true);
    const effect: OperationEffect = {
      state: isSeen ? 'seen' : leftMs <= 0 ? 'not_seen' : 'following',
      sentence: seen.sentence,
      lines: [...seen.lines],
      tasks: seen.tasks,
      at,
      until: at + leftMs / 1000,
    };
    if (changed(record.effect, effect)) await this.#store.saveEffect(record.id, JSON.stringify(effect)).catch(() => {});
    return { ...record, effect };
  }
}

function changed(a: OperationEffect | null | undefined, b: OperationEffect | null | undefined): boolean {
  const still = ({ at: _, until: ___, lines, ...rest }: OperationEffect) =>
    JSON.stringify([rest, lines.map(({ at: __, ...line }: EffectLine) => line)]);
  return (a ? still(a) : '') !== (b ? still(b) : '');
}
