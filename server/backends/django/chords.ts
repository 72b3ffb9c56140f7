// Chords in Django's tables, counted down in ChordCounter as django-celery-results does, so that workers of both languages finish one
// chord together. What Django has no column for (who sends the body, what a check needs, each part's outcome) stands in rows of the
// table of groups whose ids begin with `umbel-`.
// Holds: a part is counted once; of those who find a chord complete one has the claim; all of one call is one transaction, under the
// lock of the chord's row, and parts that come while one runs are counted together in the next; what a part costs does not grow with
// its header: what is as long as that (the plan, the group's members) is read at the start and at the end.
// django-celery-results 2.x: backends/database.py apply_chord, on_chord_part_return
import { ChordError } from '../../errors.ts';
import { CHECK_AFTER_MS, CLAIM_MS, chordOutcome, encodedPlan, nextCheckMs } from '../chord.ts';
import type { BackendContext, ChordClaimed, ChordPart, ChordPlan, ChordReady, OpenChord } from '../contract.ts';
import { upsert } from '../database/statements.ts';
import { idsOf, membersOf } from '../key-value.ts';
import { placeholders, type SqlDriver, type SqlQueries, type SqlRecord } from '../sql/driver.ts';
import { StoreQueue } from '../store-queue.ts';
import { decodedText, djangoMeta, djangoTime, encodedText } from './rows.ts';
import { COUNTERS, GROUPS, TASKS } from './tables.ts';

interface ChordState {
  readonly size: number | null;
  readonly done: boolean;
  readonly claim: { readonly taskId: string; readonly until: number } | null;
  /** Whether a check has what it needs, in a row of its own; false: nobody checks it. */
  readonly planned: boolean;
  readonly startedAt: number;
  readonly checkAt: number;
}
const NEW: ChordState = { size: null, done: false, claim: null, planned: false, startedAt: 0, checkAt: 0 };

type Part = Pick<ChordPart, 'index' | 'taskId' | 'state' | 'result'>;
type Answer = ChordReady | ChordClaimed | null;

/** A part on its way to be counted. */
interface PendingPart {
  readonly part: ChordPart;
  /** As it is stored. */
  readonly text: string;
  answer: Answer;
}

const PARTS_AT_ONCE = 500;

/** What the content type of a chord's own row says: no record of Celery has these. */
const OPEN = 'umbel/open-chord';
const STATE = 'umbel/chord';
const PART = 'umbel/chord-part';
const PLAN = 'umbel/chord-plan';

export class DjangoChords {
  readonly #sql: SqlDriver;
  readonly #context: BackendContext;
  /** By group: the parts that wait for the transaction under way. */
  readonly #waiting = new Map<string, StoreQueue<PendingPart>>();

  constructor(sql: SqlDriver, context: BackendContext) {
    this.#sql = sql;
    this.#context = context;
  }

  start(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    const encoded = encodedPlan(this.#context, plan);
    return this.#locked(groupId, async (sql) => {
      const now = this.#context.now();
      const early = await this.#partCount(sql, groupId);
      const members = await this.#savedMembers(sql, groupId);
      const tasks = members ?? (plan?.parts ?? []).map((id) => [[id, null], null]);
      await sql.query(`DELETE FROM ${COUNTERS} WHERE "group_id" = ?`, [groupId]);
      await sql.query(`INSERT INTO ${COUNTERS} ("group_id", "sub_tasks", "count") VALUES (?, ?, ?)`, [
        groupId,
        JSON.stringify(tasks),
        Math.max(0, size - early),
      ]);
      const planned = encoded !== null;
      if (planned) await this.#save(sql, [[planId(groupId), PLAN, Buffer.from(encoded.body).toString('base64')]]);
      return { state: { ...NEW, size, planned, startedAt: now, checkAt: now + CHECK_AFTER_MS }, value: undefined };
    });
  }

  grow(groupId: string, by: number): Promise<void> {
    return this.#locked(groupId, async (sql, state) => {
      if (state.size === null || state.done) return { state: null, value: undefined };
      await sql.query(`UPDATE ${COUNTERS} SET "count" = "count" + ? WHERE "group_id" = ?`, [by, groupId]);
      return { state: { ...state, size: state.size + by, planned: false }, value: undefined };
    });
  }

  async complete(part: ChordPart): Promise<Answer> {
    const { groupId, index, taskId, state, result } = part;
    const { text } = encodedText([index, taskId, state, result], this.#context);
    const pending: PendingPart = { part, text, answer: null };
    const known = this.#waiting.get(groupId);
    const isTemporary = (error: Error) => this.#sql.isTemporary(error);
    const queue = known ?? new StoreQueue<PendingPart>((all) => this.#count(groupId, all), isTemporary, PARTS_AT_ONCE);
    const counted = queue.push(pending);
    if (!known) {
      this.#waiting.set(groupId, queue);
      void queue.idle().then(() => this.#waiting.delete(groupId));
    }
    await counted;
    return pending.answer;
  }

  async #count(groupId: string, all: readonly PendingPart[]): Promise<void> {
    const answers = await this.#locked<readonly Answer[]>(groupId, async (sql, state) => {
      const none = all.map(() => null);
      if (state.done) return { state: null, value: none };
      const { repeated, changed } = await this.#compared(sql, all);
      await this.#save(sql, changed);
      if (state.size === null) return { state: null, value: none };
      const added = repeated.filter((one) => !one).length;
      if (added > 0) {
        const down = 'CASE WHEN "count" > ? THEN "count" - ? ELSE 0 END';
        await sql.query(`UPDATE ${COUNTERS} SET "count" = ${down} WHERE "group_id" = ?`, [added, added, groupId]);
      }
      const { rows } = await sql.query(`SELECT "count" FROM ${COUNTERS} WHERE "group_id" = ?`, [groupId]);
      // A worker of Python took it at its end.
      if (!rows[0]) return { state: { ...state, done: true, planned: false }, value: none };
      if (Number(rows[0].count) > 0) return { state: null, value: none };
      return this.#claimed(sql, groupId, state, all, repeated);
    });
    for (const [i, pending] of all.entries()) pending.answer = answers[i]!;
  }

  /** The chord is complete: of these parts the last new one made it so, or a repeated one may take an old claim. */
  async #claimed(
    sql: SqlQueries,
    groupId: string,
    state: ChordState,
    all: readonly PendingPart[],
    repeated: readonly boolean[],
  ): Promise<{ state: ChordState | null; value: readonly Answer[] }> {
    const last = repeated.lastIndexOf(false);
    const now = this.#context.now();
    let { claim } = state;
    let ready: Omit<ChordReady, 'repeated'> | null = null;
    const value: Answer[] = [];
    for (const [i, { part }] of all.entries()) {
      if (i < last) value.push(null);
      else if (claim && claim.taskId !== part.taskId && claim.until > now) value.push({ claimedBy: claim.taskId });
      else {
        claim = { taskId: part.taskId, until: now + CLAIM_MS };
        ready ??= await this.#outcome(sql, groupId, state.size!);
        value.push({ ...ready, repeated: repeated[i]! });
      }
    }
    return { state: claim === state.claim ? null : { ...state, claim }, value };
  }

  async #outcome(sql: SqlQueries, groupId: string, size: number): Promise<Omit<ChordReady, 'repeated'>> {
    const { rows } = await sql.query(`SELECT "sub_tasks" FROM ${COUNTERS} WHERE "group_id" = ?`, [groupId]);
    const group = [[groupId, null], JSON.parse(String(rows[0]!.sub_tasks))];
    const members = membersOf(group) ?? [];
    const parts = await this.#parts(sql, groupId, size, idsOf(members));
    return chordOutcome(parts, members.some((member) => typeof member !== 'string') ? group : null);
  }

  forget(groupId: string): Promise<void> {
    return this.#locked(groupId, async (sql, state) => {
      await sql.query(`DELETE FROM ${COUNTERS} WHERE "group_id" = ?`, [groupId]);
      await sql.query(`DELETE FROM ${GROUPS} WHERE "group_id" = ?`, [planId(groupId)]);
      const { where, params } = this.#begins(`umbel-part-${groupId}-`);
      await sql.query(`DELETE FROM ${GROUPS} WHERE ${where} AND "content_type" = ?`, [...params, PART]);
      return { state: { ...state, done: true, planned: false, claim: null }, value: undefined };
    });
  }

  async open(limit: number): Promise<readonly OpenChord[]> {
    const now = this.#context.now();
    const due = (await this.#openRows(this.#sql)).filter(({ state }) => state.checkAt <= now).slice(0, limit);
    const chords: OpenChord[] = [];
    for (const { groupId } of due) {
      // Somebody else may have taken it meanwhile.
      const plan = await this.#locked(groupId, async (sql, state) => {
        if (!state.planned || state.done || state.checkAt > now) return { state: null, value: null };
        const { rows } = await sql.query(`SELECT "result" FROM ${GROUPS} WHERE "group_id" = ?`, [planId(groupId)]);
        const value = rows[0] ? String(rows[0].result) : null;
        return { state: { ...state, checkAt: now + nextCheckMs(now - state.startedAt) }, value };
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
        await this.#save(sql, [[chordId(groupId), STATE, JSON.stringify(NEW)]], true);
        before = (await this.#state(sql, groupId, true)) ?? NEW;
      }
      const { state, value } = await work(sql, before);
      if (state) await this.#save(sql, [[chordId(groupId), state.planned ? OPEN : STATE, JSON.stringify(state)]]);
      return value;
    });
  }

  async #state(sql: SqlQueries, groupId: string, lock = false): Promise<ChordState | null> {
    // A SQLite transaction has the whole file.
    const suffix = lock && this.#sql.dialect !== 'sqlite' ? ' FOR UPDATE' : '';
    const question = `SELECT "result" FROM ${GROUPS} WHERE "group_id" = ?${suffix}`;
    const { rows } = await sql.query(question, [chordId(groupId)]);
    return rows[0] ? (JSON.parse(String(rows[0].result)) as ChordState) : null;
  }

  async #openRows(sql: SqlQueries): Promise<{ groupId: string; state: ChordState }[]> {
    const { where, params } = this.#begins(chordId(''));
    const question = `SELECT "group_id", "result" FROM ${GROUPS} WHERE ${where} AND "content_type" = ?`;
    const { rows } = await sql.query(question, [...params, OPEN]);
    return rows.map((row) => ({
      groupId: String(row.group_id).slice(chordId('').length),
      state: JSON.parse(String(row.result)) as ChordState,
    }));
  }

  /** Which of them were counted before, or came twice now; and the rows to write: new parts, and a SUCCESS in place of a failure. */
  async #compared(sql: SqlQueries, all: readonly PendingPart[]): Promise<{ repeated: boolean[]; changed: Row[] }> {
    const ids = [...new Set(all.map(({ part }) => partId(part)))];
    const question = `SELECT "group_id", "result" FROM ${GROUPS} WHERE "group_id" IN ${placeholders(ids.length)}`;
    const { rows } = await sql.query(question, ids);
    const states = new Map(rows.map((row) => [String(row.group_id), this.#readPart(row).state]));
    const changed = new Map<string, Row>();
    const repeated = all.map(({ part, text }) => {
      const id = partId(part);
      const before = states.get(id);
      if (before === undefined || (part.state === 'SUCCESS' && before !== 'SUCCESS')) {
        states.set(id, part.state);
        changed.set(id, [id, PART, text]);
      }
      return before !== undefined;
    });
    return { repeated, changed: [...changed.values()] };
  }

  async #partCount(sql: SqlQueries, groupId: string): Promise<number> {
    const { where, params } = this.#begins(`umbel-part-${groupId}-`);
    const question = `SELECT COUNT(*) AS "parts" FROM ${GROUPS} WHERE ${where} AND "content_type" = ?`;
    return Number((await sql.query(question, [...params, PART])).rows[0]!.parts);
  }

  /** In the order they came. */
  async #partRows(sql: SqlQueries, groupId: string): Promise<Part[]> {
    const { where, params } = this.#begins(`umbel-part-${groupId}-`);
    const question = `SELECT "result" FROM ${GROUPS} WHERE ${where} AND "content_type" = ? ORDER BY "id"`;
    return (await sql.query(question, [...params, PART])).rows.map((row) => this.#readPart(row));
  }

  /** As a condition that the index of the ids answers: SQLite's LIKE looks at every row. */
  #begins(prefix: string): { where: string; params: string[] } {
    if (this.#sql.dialect === 'sqlite')
      return { where: '"group_id" >= ? AND "group_id" < ?', params: [prefix, `${prefix}\u{10ffff}`] };
    return { where: `"group_id" LIKE ? ESCAPE '!'`, params: [`${prefix.replace(/[!%_]/g, '!$&')}%`] };
  }

  /** Of those a Python worker ran there is the record alone. */
  async #parts(sql: SqlQueries, groupId: string, size: number, all: readonly string[]): Promise<Part[]> {
    const parts = await this.#partRows(sql, groupId);
    if (parts.length >= size) return parts;
    const known = new Set(parts.map(({ taskId }) => taskId));
    const others = all.filter((id) => !known.has(id));
    const places = new Map(all.map((id, i) => [id, i]));
    for (let i = 0; i < others.length; i += PARTS_AT_ONCE) {
      const ids = others.slice(i, i + PARTS_AT_ONCE);
      const question = `SELECT * FROM ${TASKS} WHERE "task_id" IN ${placeholders(ids.length)}`;
      for (const row of (await sql.query(question, ids)).rows) {
        const { task_id: taskId, status: state, result } = djangoMeta(row, this.#context);
        parts.push({ index: places.get(taskId) ?? null, taskId, state, result });
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
  async #save(sql: SqlQueries, rows: readonly Row[], onlyNew = false): Promise<void> {
    if (rows.length === 0) return;
    const now = this.#context.now();
    const values = rows.flatMap(([id, type, text]) => groupValues(id, type, 'utf-8', text, now, this.#sql));
    await sql.query(groupUpsert(this.#sql.dialect, { onlyNew, rows: rows.length }), values);
  }
}

/** Of the table of groups: id, content type, text. */
type Row = readonly [id: string, type: string, text: string];

export function groupUpsert(dialect: SqlDriver['dialect'], { onlyNew = false, rows = 1 } = {}): string {
  const columns = ['group_id', 'content_type', 'content_encoding', 'result', 'date_done', 'date_created'];
  const written = onlyNew ? ['group_id', 'date_done'] : columns.filter((name) => name !== 'date_created');
  return upsert({ dialect, table: GROUPS, columns, key: 'group_id', rows, written });
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

function chordId(groupId: string): string {
  return `umbel-chord-${groupId}`;
}

function planId(groupId: string): string {
  return `umbel-plan-${groupId}`;
}
