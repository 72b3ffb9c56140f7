// Chords in Django's tables, counted down in ChordCounter as django-celery-results does, so that workers of both languages finish one
// chord together. What Django has no column for (who sends the body, what a check needs, each part's outcome) stands in rows of the
// table of groups whose ids begin with `umbel-`.
// Holds: a part is counted once; of those who find a chord complete one has the claim; all of one call is one transaction, under the
// lock of the chord's row.
// django-celery-results 2.x: backends/database.py apply_chord, on_chord_part_return
import { ChordError } from '../../errors.ts';
import { CHECK_AFTER_MS, CLAIM_MS, chordOutcome, encodedPlan, nextCheckMs } from '../chord.ts';
import type { BackendContext, ChordClaimed, ChordPart, ChordPlan, ChordReady, OpenChord } from '../contract.ts';
import { upsert } from '../database/statements.ts';
import { idsOf, membersOf } from '../key-value.ts';
import { placeholders, type SqlDriver, type SqlQueries, type SqlRecord } from '../sql/driver.ts';
import { decodedText, djangoMeta, djangoTime, encodedText } from './rows.ts';
import { COUNTERS, GROUPS, TASKS } from './tables.ts';

interface ChordState {
  readonly size: number | null;
  readonly done: boolean;
  readonly claim: { readonly taskId: string; readonly until: number } | null;
  /** Its JSON; null: nobody checks it. */
  readonly plan: string | null;
  readonly startedAt: number;
  readonly checkAt: number;
}
const NEW: ChordState = { size: null, done: false, claim: null, plan: null, startedAt: 0, checkAt: 0 };

type Part = Pick<ChordPart, 'index' | 'taskId' | 'state' | 'result'>;

/** What the content type of a chord's own row says: no record of Celery has these. */
const OPEN = 'umbel/open-chord';
const STATE = 'umbel/chord';
const PART = 'umbel/chord-part';

export class DjangoChords {
  readonly #sql: SqlDriver;
  readonly #context: BackendContext;

  constructor(sql: SqlDriver, context: BackendContext) {
    this.#sql = sql;
    this.#context = context;
  }

  start(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    const encoded = encodedPlan(this.#context, plan);
    return this.#locked(groupId, async (sql) => {
      const now = this.#context.now();
      const early = (await this.#partRows(sql, groupId)).length;
      const members = await this.#savedMembers(sql, groupId);
      const tasks = members ?? (plan?.parts ?? []).map((id) => [[id, null], null]);
      await sql.query(`DELETE FROM ${COUNTERS} WHERE "group_id" = ?`, [groupId]);
      await sql.query(`INSERT INTO ${COUNTERS} ("group_id", "sub_tasks", "count") VALUES (?, ?, ?)`, [
        groupId,
        JSON.stringify(tasks),
        Math.max(0, size - early),
      ]);
      const text = encoded && Buffer.from(encoded.body).toString('base64');
      return { state: { ...NEW, size, plan: text, startedAt: now, checkAt: now + CHECK_AFTER_MS }, value: undefined };
    });
  }

  grow(groupId: string, by: number): Promise<void> {
    return this.#locked(groupId, async (sql, state) => {
      if (state.size === null || state.done) return { state: null, value: undefined };
      await sql.query(`UPDATE ${COUNTERS} SET "count" = "count" + ? WHERE "group_id" = ?`, [by, groupId]);
      return { state: { ...state, size: state.size + by, plan: null }, value: undefined };
    });
  }

  complete(part: ChordPart): Promise<ChordReady | ChordClaimed | null> {
    const { groupId, taskId } = part;
    return this.#locked<ChordReady | ChordClaimed | null>(groupId, async (sql, state) => {
      if (state.done) return { state: null, value: null };
      const { repeated, better } = await this.#known(sql, part);
      if (!repeated || better) await this.#savePart(sql, part);
      if (state.size === null) return { state: null, value: null };
      if (!repeated) {
        const down = `UPDATE ${COUNTERS} SET "count" = "count" - 1 WHERE "group_id" = ? AND "count" > 0`;
        await sql.query(down, [groupId]);
      }
      const { rows } = await sql.query(`SELECT "count", "sub_tasks" FROM ${COUNTERS} WHERE "group_id" = ?`, [groupId]);
      const counter = rows[0];
      // A worker of Python took it at its end.
      if (!counter) return { state: { ...state, done: true, plan: null }, value: null };
      if (Number(counter.count) > 0) return { state: null, value: null };
      const now = this.#context.now();
      const { claim } = state;
      if (claim && claim.taskId !== taskId && claim.until > now)
        return { state: null, value: { claimedBy: claim.taskId } };
      const members = membersOf([[groupId, null], JSON.parse(String(counter.sub_tasks))]) ?? [];
      const parts = await this.#parts(sql, groupId, state.size, idsOf(members));
      const nested = members.some((member) => typeof member !== 'string');
      const group = nested ? [[groupId, null], JSON.parse(String(counter.sub_tasks))] : null;
      const ready = { ...chordOutcome(parts, group), repeated };
      return { state: { ...state, claim: { taskId, until: now + CLAIM_MS } }, value: ready };
    });
  }

  forget(groupId: string): Promise<void> {
    return this.#locked(groupId, async (sql, state) => {
      await sql.query(`DELETE FROM ${COUNTERS} WHERE "group_id" = ?`, [groupId]);
      await sql.query(`DELETE FROM ${GROUPS} WHERE ${BEGINS} AND "content_type" = ?`, [
        begin(`umbel-part-${groupId}-`),
        PART,
      ]);
      return { state: { ...state, done: true, plan: null, claim: null }, value: undefined };
    });
  }

  async open(limit: number): Promise<readonly OpenChord[]> {
    const now = this.#context.now();
    const due = (await this.#openRows(this.#sql)).filter(({ state }) => state.checkAt <= now).slice(0, limit);
    const chords: OpenChord[] = [];
    for (const { groupId } of due) {
      // Somebody else may have taken it meanwhile.
      const plan = await this.#locked(groupId, async (_sql, state) => {
        if (!state.plan || state.done || state.checkAt > now) return { state: null, value: null };
        return { state: { ...state, checkAt: now + nextCheckMs(now - state.startedAt) }, value: state.plan };
      });
      if (plan) chords.push({ groupId, plan: this.#plan(plan) });
    }
    return chords;
  }

  async hasOpen(): Promise<boolean> {
    return (await this.#openRows(this.#sql)).length > 0;
  }

  async counted(groupId: string): Promise<ReadonlySet<string> | null> {
    const state = await this.#state(this.#sql, groupId);
    if (!state || state.size === null || state.done) return null;
    return new Set((await this.#partRows(this.#sql, groupId)).map(({ taskId }) => taskId));
  }

  /** What it gives as state is written; null leaves it. */
  #locked<T>(
    groupId: string,
    work: (sql: SqlQueries, state: ChordState) => Promise<{ state: ChordState | null; value: T }>,
  ): Promise<T> {
    return this.#sql.transaction(async (sql) => {
      let before = await this.#state(sql, groupId, true);
      if (!before) {
        // Two who make it at once: one of them makes it, the other waits for him here.
        await this.#save(sql, `umbel-chord-${groupId}`, STATE, JSON.stringify(NEW), true);
        before = (await this.#state(sql, groupId, true)) ?? NEW;
      }
      const { state, value } = await work(sql, before);
      if (state) await this.#save(sql, `umbel-chord-${groupId}`, state.plan ? OPEN : STATE, JSON.stringify(state));
      return value;
    });
  }

  async #state(sql: SqlQueries, groupId: string, lock = false): Promise<ChordState | null> {
    // A SQLite transaction has the whole file.
    const suffix = lock && this.#sql.dialect !== 'sqlite' ? ' FOR UPDATE' : '';
    const { rows } = await sql.query(`SELECT "result" FROM ${GROUPS} WHERE "group_id" = ?${suffix}`, [
      `umbel-chord-${groupId}`,
    ]);
    return rows[0] ? (JSON.parse(String(rows[0].result)) as ChordState) : null;
  }

  async #openRows(sql: SqlQueries): Promise<{ groupId: string; state: ChordState }[]> {
    const question = `SELECT "group_id", "result" FROM ${GROUPS} WHERE ${BEGINS} AND "content_type" = ?`;
    const { rows } = await sql.query(question, [begin('umbel-chord-'), OPEN]);
    return rows.map((row) => ({
      groupId: String(row.group_id).slice('umbel-chord-'.length),
      state: JSON.parse(String(row.result)) as ChordState,
    }));
  }

  async #known(sql: SqlQueries, part: ChordPart): Promise<{ repeated: boolean; better: boolean }> {
    const { rows } = await sql.query(`SELECT "result" FROM ${GROUPS} WHERE "group_id" = ?`, [partId(part)]);
    if (!rows[0]) return { repeated: false, better: false };
    return { repeated: true, better: part.state === 'SUCCESS' && this.#readPart(rows[0]).state !== 'SUCCESS' };
  }

  async #savePart(sql: SqlQueries, part: ChordPart): Promise<void> {
    const { index, taskId, state, result } = part;
    const { text } = encodedText([index, taskId, state, result], this.#context);
    await this.#save(sql, partId(part), PART, text);
  }

  /** In the order they came. */
  async #partRows(sql: SqlQueries, groupId: string): Promise<Part[]> {
    const question = `SELECT "result" FROM ${GROUPS} WHERE ${BEGINS} AND "content_type" = ? ORDER BY "id"`;
    return (await sql.query(question, [begin(`umbel-part-${groupId}-`), PART])).rows.map((row) => this.#readPart(row));
  }

  /** Of those a Python worker ran there is the record alone. */
  async #parts(sql: SqlQueries, groupId: string, size: number, all: readonly string[]): Promise<Part[]> {
    const parts = await this.#partRows(sql, groupId);
    if (parts.length >= size) return parts;
    const known = new Set(parts.map(({ taskId }) => taskId));
    const others = all.filter((id) => !known.has(id));
    if (others.length > 0) {
      const { rows } = await sql.query(
        `SELECT * FROM ${TASKS} WHERE "task_id" IN ${placeholders(others.length)}`,
        others,
      );
      for (const row of rows) {
        const { task_id: taskId, status: state, result } = djangoMeta(row, this.#context);
        parts.push({ index: all.indexOf(taskId), taskId, state, result });
      }
    }
    if (parts.length >= size) return parts;
    throw new ChordError(`The results of ${size - parts.length} of the ${size} parts of the chord ${groupId} are gone`);
  }

  #readPart(row: SqlRecord): Part {
    const { contentType, contentEncoding } = encodedText(null, this.#context);
    const [index, taskId, state, result] = decodedText(row.result, contentType, contentEncoding, this.#context) as [
      number | null,
      string,
      string,
      unknown,
    ];
    return { index, taskId, state, result };
  }

  async #savedMembers(sql: SqlQueries, groupId: string): Promise<unknown[] | null> {
    const question = `SELECT "result", "content_type", "content_encoding" FROM ${GROUPS} WHERE "group_id" = ?`;
    const row = (await sql.query(question, [groupId])).rows[0];
    const group = row && decodedText(row.result, row.content_type, row.content_encoding, this.#context);
    return Array.isArray(group) && Array.isArray(group[1]) ? group[1] : null;
  }

  #plan(text: string): ChordPlan {
    const { contentType, contentEncoding } = encodedText(null, this.#context);
    return this.#context.decode(Buffer.from(text, 'base64'), contentType, contentEncoding) as ChordPlan;
  }

  /** @param onlyNew one that is there stays as it is */
  async #save(sql: SqlQueries, id: string, type: string, text: string, onlyNew = false): Promise<void> {
    await sql.query(
      groupUpsert(this.#sql.dialect, onlyNew),
      groupValues(id, type, 'utf-8', text, this.#context.now(), this.#sql),
    );
  }
}

export function groupUpsert(dialect: SqlDriver['dialect'], onlyNew = false): string {
  const columns = ['group_id', 'content_type', 'content_encoding', 'result', 'date_done', 'date_created'];
  const written = onlyNew ? ['group_id', 'date_done'] : columns.filter((name) => name !== 'date_created');
  return upsert({ dialect, table: GROUPS, columns, key: 'group_id', rows: 1, written });
}

export function groupValues(
  id: string,
  type: string,
  encoding: string,
  text: string,
  nowMs: number,
  sql: SqlDriver,
): string[] {
  const time = djangoTime(nowMs, sql.dialect);
  return [id, type, encoding, text, time, time];
}

function partId({ groupId, taskId }: ChordPart): string {
  return `umbel-part-${groupId}-${taskId}`;
}

const BEGINS = `"group_id" LIKE ? ESCAPE '!'`;

function begin(prefix: string): string {
  return `${prefix.replace(/[!%_]/g, '!$&')}%`;
}
