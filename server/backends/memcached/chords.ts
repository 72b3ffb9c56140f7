// Chords in memcached, counted by the key that Celery counts with, so that workers of both languages finish one chord together.
// Each part is also a key of its own, and its id stands in a list: a part told of again is not counted again, and a worker that died
// between writing and counting is seen by whoever is told of the part next.
// Holds: of those who find a chord complete one has the claim; a chord that was forgotten stays so.
// Celery 5.6: backends/base.py KeyValueStoreBackend on_chord_part_return, backends/cache.py
import { ChordError } from '../../errors.ts';
import { readResultMeta } from '../../protocol/result-meta.ts';
import { CHECK_AFTER_MS, CLAIM_MS, chordOutcome, encodedPlan, nextCheckMs } from '../chord.ts';
import type { BackendContext, ChordClaimed, ChordPart, ChordPlan, ChordReady, OpenChord } from '../contract.ts';
import { idsOf, membersOf, type ResultKeys } from '../key-value.ts';
import type { Memcached } from './client.ts';

interface ChordState {
  readonly size: number;
  readonly done: boolean;
  readonly claim: { readonly taskId: string; readonly until: number } | null;
}
interface OpenEntry {
  readonly startedAt: number;
  readonly checkAt: number;
}
type Part = Pick<ChordPart, 'index' | 'taskId' | 'state' | 'result'>;

export class MemcachedChords {
  readonly #cache: Memcached;
  readonly #context: BackendContext;
  readonly #keys: ResultKeys;
  readonly #prefix: string;

  constructor(cache: Memcached, context: BackendContext, keys: ResultKeys, prefix: string) {
    this.#cache = cache;
    this.#context = context;
    this.#keys = keys;
    this.#prefix = prefix;
  }

  async start(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    await this.#cache.addNumber(this.#counter(groupId), 0);
    if (plan) {
      // Python's workers ask for the group when they count.
      const group = [[groupId, null], plan.parts.map((id) => [[id, null], null])];
      await this.#cache.add(this.#keys.group(groupId), this.#encode({ result: group }));
    }
    await this.#change(groupId, () => ({ size, done: false, claim: null }));
    const encoded = encodedPlan(this.#context, plan);
    if (!encoded) return;
    await this.#cache.set(this.#keys.chordPlan(groupId), encoded.body);
    const startedAt = this.#context.now();
    await this.#changeOpen((open) => ({ ...open, [groupId]: { startedAt, checkAt: startedAt + CHECK_AFTER_MS } }));
  }

  async grow(groupId: string, by: number): Promise<void> {
    await this.#change(groupId, (state) => state && !state.done && { ...state, size: state.size + by });
    await this.#close(groupId);
  }

  async complete(part: ChordPart): Promise<ChordReady | ChordClaimed | null> {
    const { groupId, taskId } = part;
    const before = await this.#state(groupId);
    if (before?.done) return null;
    const counted = await this.#count(part);
    const repeated = counted === null;
    const state = await this.#state(groupId);
    if (!state || state.done) return null;
    // Of parts that end at once the one that counts to the end has it; a part told of again asks what stands there by now.
    if (counted !== null && counted < state.size) return null;
    const ids = await this.#ids(groupId);
    if (repeated && Math.max(await this.#countOf(groupId), ids.length) < state.size) return null;
    const claimedBy = await this.#claim(groupId, taskId);
    if (claimedBy === null) return null;
    if (claimedBy !== taskId) return { claimedBy };
    const group = await this.#group(groupId);
    const parts = await this.#parts(groupId, ids, state.size, group);
    // A header without groups in it is in order by itself, also when it has grown.
    const nested = membersOf(group)?.some((member) => typeof member !== 'string');
    return { ...chordOutcome(parts, nested ? group : null), repeated };
  }

  async forget(groupId: string): Promise<void> {
    await this.#change(groupId, (state) => ({ size: state?.size ?? 0, done: true, claim: null }));
    await this.#close(groupId);
    const ids = await this.#ids(groupId);
    const parts = ids.map((id) => this.#part(groupId, id));
    await this.#cache.delete(this.#counter(groupId), this.#list(groupId), ...parts);
  }

  async open(limit: number): Promise<readonly OpenChord[]> {
    const now = this.#context.now();
    const due: string[] = [];
    await this.#changeOpen((open) => {
      due.length = 0;
      for (const [id, { checkAt }] of Object.entries(open)) if (checkAt <= now && due.length < limit) due.push(id);
      if (due.length === 0) return null;
      const later = due.map((id) => {
        const { startedAt } = open[id]!;
        return [id, { startedAt, checkAt: now + nextCheckMs(now - startedAt) }] as const;
      });
      return { ...open, ...Object.fromEntries(later) };
    });
    const plans = await Promise.all(due.map((id) => this.#cache.get(this.#keys.chordPlan(id))));
    return due.flatMap((groupId, i) => {
      const plan = plans[i];
      return plan ? [{ groupId, plan: this.#value(plan) as ChordPlan }] : [];
    });
  }

  async hasOpen(): Promise<boolean> {
    const body = await this.#cache.get(this.#keys.openChords);
    return body !== null && Object.keys(JSON.parse(body.toString())).length > 0;
  }

  async counted(groupId: string): Promise<ReadonlySet<string> | null> {
    const state = await this.#state(groupId);
    return state && !state.done ? new Set(await this.#ids(groupId)) : null;
  }

  async #countOf(groupId: string): Promise<number> {
    return Number((await this.#cache.get(this.#counter(groupId))) ?? 0);
  }

  /** @returns how many were counted with it; null: it was counted before */
  async #count({ groupId, index, taskId, state, result }: ChordPart): Promise<number | null> {
    const key = this.#part(groupId, taskId);
    const body = this.#encode([index, taskId, state, result]);
    if ((await this.#cache.add(key, body)) === 'other') {
      const known = await this.#cache.get(key);
      if (!known || (state === 'SUCCESS' && this.#readPart(known).state !== 'SUCCESS'))
        await this.#cache.set(key, body);
      if ((await this.#ids(groupId)).includes(taskId)) return null;
    }
    const line = Buffer.from(`${taskId}\n`);
    const list = this.#list(groupId);
    while ((await this.#cache.append(list, line)) === 'other')
      if ((await this.#cache.add(list, line)) === 'stored') break;
    for (;;) {
      const count = await this.#cache.increment(this.#counter(groupId));
      if (count !== null) return count;
      await this.#cache.addNumber(this.#counter(groupId), 0);
    }
  }

  /** @returns who has it; null: the chord was forgotten meanwhile */
  #claim(groupId: string, taskId: string): Promise<string | null> {
    const now = this.#context.now();
    return this.#cache.update(this.#keys.chordClaim(groupId), (body) => {
      const state = body && (JSON.parse(body.toString()) as ChordState);
      if (!state || state.done) return { body: null, value: null };
      const { claim } = state;
      if (claim && claim.taskId !== taskId && claim.until > now) return { body: null, value: claim.taskId };
      const next = { ...state, claim: { taskId, until: now + CLAIM_MS } };
      return { body: Buffer.from(JSON.stringify(next)), value: taskId };
    });
  }

  /** Of those a Python worker ran there is the record alone. */
  async #parts(groupId: string, ids: readonly string[], size: number, group: unknown): Promise<Part[]> {
    const stored = await this.#cache.getMany(ids.map((id) => this.#part(groupId, id)));
    const parts: Part[] = [...stored.values()].map(({ body }) => this.#readPart(body));
    const came = new Map(ids.map((id, i) => [id, i]));
    parts.sort((a, b) => came.get(a.taskId)! - came.get(b.taskId)!);
    if (parts.length >= size) return parts;
    const all = idsOf(membersOf(group) ?? []);
    const places = new Map(all.map((id, i) => [id, i]));
    const others = all.filter((id) => !came.has(id));
    const records = await this.#cache.getMany(others.map((id) => this.#keys.task(id)));
    for (const id of others) {
      const record = records.get(this.#keys.task(id));
      if (!record) continue;
      const { status, result } = readResultMeta(this.#value(record.body), id);
      parts.push({ index: places.get(id)!, taskId: id, state: status, result });
    }
    if (parts.length < size) {
      throw new ChordError(
        `The results of ${size - parts.length} of the ${size} parts of the chord ${groupId} are gone`,
      );
    }
    return parts;
  }

  async #group(groupId: string): Promise<unknown> {
    const body = await this.#cache.get(this.#keys.group(groupId));
    return body && ((this.#value(body) as { result?: unknown }).result ?? null);
  }

  async #ids(groupId: string): Promise<string[]> {
    const body = await this.#cache.get(this.#list(groupId));
    return body ? [...new Set(body.toString().split('\n').slice(0, -1))] : [];
  }

  async #state(groupId: string): Promise<ChordState | null> {
    const body = await this.#cache.get(this.#keys.chordClaim(groupId));
    return body && (JSON.parse(body.toString()) as ChordState);
  }

  async #change(groupId: string, change: (state: ChordState | null) => ChordState | null | false): Promise<void> {
    await this.#cache.update(this.#keys.chordClaim(groupId), (before) => {
      const next = change(before && (JSON.parse(before.toString()) as ChordState));
      return { body: next ? Buffer.from(JSON.stringify(next)) : null, value: null };
    });
  }

  async #close(groupId: string): Promise<void> {
    await this.#changeOpen((open) => {
      if (!open[groupId]) return null;
      const { [groupId]: _ended, ...rest } = open;
      return rest;
    });
    await this.#cache.delete(this.#keys.chordPlan(groupId));
  }

  async #changeOpen(
    change: (open: Readonly<Record<string, OpenEntry>>) => Record<string, OpenEntry> | null,
  ): Promise<void> {
    await this.#cache.update(this.#keys.openChords, (before) => {
      const next = change(before ? (JSON.parse(before.toString()) as Record<string, OpenEntry>) : {});
      return { body: next && Buffer.from(JSON.stringify(next)), value: null };
    });
  }

  #readPart(body: Buffer): Part {
    const [index, taskId, state, result] = this.#value(body) as [number | null, string, string, unknown];
    return { index, taskId, state, result };
  }

  #encode(value: unknown): Uint8Array {
    return this.#context.encode(value).body;
  }

  #value(body: Uint8Array): unknown {
    const { contentType, contentEncoding } = this.#context.encode(null);
    return this.#context.decode(body, contentType, contentEncoding);
  }

  /** Celery's. */
  #counter(groupId: string): string {
    return `${this.#prefix}chord-unlock-${groupId}`;
  }
  #list(groupId: string): string {
    return this.#keys.chordParts(groupId);
  }
  #part(groupId: string, taskId: string): string {
    return `${this.#keys.chordParts(groupId)}.${taskId}`;
  }
}
