// A schedule in the tables of django-celery-beat: `django-db+postgresql://user@host/name`, or postgresql://, mysql://, sqlite:///file.
// Python's DatabaseScheduler and Django's admin see what is written here, and the other way round. It has no lease: it must not run beside.
// Rows: rows.ts. Statements, and this package's own two tables: statements.ts. Renewing: ../renewed-lease.ts.
// Holds: each write is one transaction that asks for the lease first; a reader makes no table and needs no right but to read.
// As there: what ran for the only time is disabled, its count 0. Not as there: what an app configures no more is removed.
// django-celery-beat 2.x: schedulers.py DatabaseScheduler
import { jsonText } from '../../../shared/json-text.ts';
import type { SqlDriver, SqlQueries, SqlRecord } from '../../backends/sql/driver.ts';
import { openSqlDriver } from '../../backends/sql/registry.ts';
import { ImproperlyConfigured, toError } from '../../errors.ts';
import { createTimer, type Timer } from '../../timer.ts';
import { parseUrl, safeUrl } from '../../transport/url.ts';
import {
  checkDefinition,
  onlyEnabledDiffers,
  refusedConfigured,
  refusedNew,
  refusedUnknown,
  sorted,
} from '../check.ts';
import {
  type EntryDefinition,
  EntryRefused,
  type EntryRuns,
  type LeaseHolder,
  type ScheduleEditor,
  type ScheduleLease,
  type ScheduleStore,
  type StoredEntry,
} from '../contract.ts';
import type { ScheduleStoreContext } from '../registry.ts';
import { anotherBeat, LEASE_MS, type LeasePort, newHolder, RenewedLease } from '../renewed-lease.ts';
import { entryFromJson, entryToJson, parseEntries } from '../stored-entry.ts';
import { definitionOfRow, flag, optionsWithoutColumn, rowOf, runsOfRow, timeText, type Values } from './rows.ts';
import { CHANGES, ENTRIES, EntryWriter, LEASE, makeTables, NOW, selectEntries, TASKS } from './statements.ts';

export class DjangoScheduleStore implements ScheduleStore {
  readonly description: string;
  readonly editor: ScheduleEditor;
  readonly hasOtherBeats = true;
  readonly #address: string;
  readonly #timer: Timer;
  readonly #leases = new Set<RenewedLease>();
  #opened: Promise<SqlDriver> | null = null;
  #hasOwnTables = false;
  #dialect: SqlDriver['dialect'] = 'sqlite';

  constructor(url: string, context: ScheduleStoreContext) {
    this.#address = url.replace(/^django-db\+/i, '');
    this.description = safeUrl(url);
    if (/^django-db:/i.test(url))
      throw new ImproperlyConfigured(
        `${this.description} is a database without an address: write django-db+postgresql://user@host/name.`,
      );
    this.#timer = context.timer ?? createTimer({ unref: true });
    this.editor = {
      create: (name, definition) => this.#create(name, definition),
      change: (name, definition) => this.#change(name, definition),
      remove: (name) => this.#remove(name),
      version: async () => {
        const { rows } = await this.#use((driver) =>
          driver.query(`SELECT "last_update" FROM ${CHANGES} WHERE "ident" = 1`),
        );
        return String(rows[0]?.last_update ?? '');
      },
    };
  }

  async load(): Promise<Map<string, StoredEntry>> {
    const rows = await this.#use((driver) => this.#rows(driver));
    return new Map(rows.map((row) => [String(row.name), this.#entry(row)]));
  }

  async holder(): Promise<LeaseHolder | null> {
    return this.#use(async (driver) => {
      try {
        return await holderIn(driver, driver);
      } catch (error) {
        if (isNoTable(error)) return null;
        throw error;
      }
    });
  }

  async claim(): Promise<ScheduleLease> {
    const { token, pid, host, since } = newHolder(this.#timer.now());
    const askedAt = this.#timer.monotonic();
    const other = await this.#use(async (driver) => {
      for (const statement of makeTables(driver.dialect)) await driver.query(statement);
      const insert = driver.dialect === 'mysql' ? 'INSERT IGNORE INTO' : 'INSERT INTO';
      const unless = driver.dialect === 'mysql' ? '' : ' ON CONFLICT ("id") DO NOTHING';
      await driver.query(
        `${insert} ${LEASE} ("id", "token", "pid", "host", "since", "tick", "expires") VALUES (1, '', 0, '', 0, 0, 0)${unless}`,
      );
      const taken = await driver.query(
        `UPDATE ${LEASE} SET "token" = ?, "pid" = ?, "host" = ?, "since" = ?, "tick" = ?, "expires" = ${NOW[driver.dialect]} + ${LEASE_MS} WHERE "id" = 1 AND "expires" <= ${NOW[driver.dialect]}`,
        [token, pid, host, since, since],
      );
      return taken.changes > 0 ? null : { holder: await holderIn(driver, driver) };
    });
    if (other !== null) throw anotherBeat(this.description, other.holder);
    const port = this.#port();
    try {
      const lease = new RenewedLease({
        ...{ port, token, askedAt, timer: this.#timer },
        entries: await this.load(),
        onReleased: (one) => this.#leases.delete(one),
      });
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      await port.release(token).catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const lease of [...this.#leases]) await lease.release();
    const opened = this.#opened;
    this.#opened = null;
    await (await opened?.catch(() => null))?.close();
  }

  #port(): LeasePort {
    const renewed = (driver: SqlDriver, token: string, tickMs: number | null) =>
      driver.query(
        `UPDATE ${LEASE} SET "expires" = ${NOW[driver.dialect]} + ${tickMs === null ? 0 : LEASE_MS}${tickMs === null ? '' : ', "tick" = ?'} WHERE "id" = 1 AND "token" = ?`,
        tickMs === null ? [token] : [tickMs, token],
      );
    return {
      description: this.description,
      renew: (token, tickMs) => this.#use(async (driver) => (await renewed(driver, token, tickMs)).changes > 0),
      release: (token) => this.#use(async (driver) => void (await renewed(driver, token, null))),
      replace: (token, entries) => this.#held(token, (sql, driver) => this.#replace(sql, driver, entries)),
      saveRuns: (token, runs) => this.#held(token, (sql, driver) => this.#saveRuns(sql, driver, runs)),
    };
  }

  async #replace(sql: SqlQueries, driver: SqlDriver, entries: ReadonlyMap<string, StoredEntry>): Promise<void> {
    const { dialect } = driver;
    const now = this.#timer.now();
    const writer = new EntryWriter(sql, dialect);
    const before = new Map((await this.#rows(sql, null, true)).map((row) => [String(row.name), row]));
    let isChanged = false;
    for (const [name, row] of before)
      if (row.own !== null && !entries.has(name)) {
        await writer.remove(name);
        await sql.query(`DELETE FROM ${ENTRIES} WHERE "name" = ?`, [name]);
        isChanged = true;
      }
    for (const [name, entry] of entries) {
      const known = before.get(name);
      if (known && known.own !== null && same(this.#entry(known), entry)) continue;
      const row = entry.definition && name !== '' ? rowOf(entry.definition, dialect) : null;
      if (row !== null) await writer.save(name, row, runColumns(entry.runs, driver), now);
      else if (known && Number(known.is_beside) !== 1) await writer.remove(name);
      await this.#saveOwn(sql, name, entry, row === null, known?.own != null);
      isChanged = true;
    }
    if (isChanged) await writer.changed(now);
  }

  async #saveRuns(sql: SqlQueries, driver: SqlDriver, runs: ReadonlyMap<string, EntryRuns>): Promise<void> {
    const { dialect } = driver;
    let isOver = false;
    for (const [name, each] of runs) {
      const columns = runColumns(each, driver);
      const saved = await sql.query(`UPDATE ${TASKS} SET "last_run_at" = ?, "total_run_count" = ? WHERE "name" = ?`, [
        columns.last_run_at!,
        columns.total_run_count!,
        name,
      ]);
      if (saved.changes === 0) {
        const question = `SELECT "entry" FROM ${ENTRIES} WHERE "name" = ? AND "is_beside" = 1`;
        const beside = (await sql.query(question, [name])).rows[0];
        if (beside) await this.#saveOwn(sql, name, { ...readOwn(name, beside.entry), runs: each }, true, true);
      } else if (each.totalRunCount > 0) {
        const over = await sql.query(
          `UPDATE ${TASKS} SET "enabled" = ?, "total_run_count" = 0 WHERE "name" = ? AND "one_off" = ?`,
          [flag(false, dialect), name, flag(true, dialect)],
        );
        isOver ||= over.changes > 0;
      }
    }
    if (isOver) await new EntryWriter(sql, dialect).changed(this.#timer.now());
  }

  async #saveOwn(
    sql: SqlQueries,
    name: string,
    entry: StoredEntry,
    isBeside: boolean,
    isKnown: boolean,
  ): Promise<void> {
    const { last_run_at, total_run_count, ...definition } = entryToJson(entry);
    const text = jsonText(isBeside ? { ...definition, last_run_at, total_run_count } : definition);
    await sql.query(
      isKnown
        ? `UPDATE ${ENTRIES} SET "entry" = ?, "is_beside" = ? WHERE "name" = ?`
        : `INSERT INTO ${ENTRIES} ("entry", "is_beside", "name") VALUES (?, ?, ?)`,
      [text, Number(isBeside), name],
    );
  }

  #create(name: string, definition: EntryDefinition): Promise<void> {
    return this.#edit(name, async (sql, driver, known) => {
      if (known) throw refusedNew(name);
      const now = this.#timer.now();
      const writer = new EntryWriter(sql, driver.dialect);
      await writer.save(name, this.#checked(name, definition, driver), {}, now);
      await writer.changed(now);
    });
  }

  #change(name: string, definition: EntryDefinition): Promise<void> {
    return this.#edit(name, async (sql, driver, known) => {
      if (!known) throw refusedUnknown(name);
      const now = this.#timer.now();
      const writer = new EntryWriter(sql, driver.dialect);
      const before = this.#entry(known);
      const resumes = definition.enabled && before.definition?.enabled === false;
      const once = definition.one_off || definition.schedule.kind === 'clocked';
      const { lastRunAt, totalRunCount } = before.runs;
      const runs = { lastRunAt: Math.max(lastRunAt, now), totalRunCount: once ? 0 : totalRunCount };
      if (before.owner !== 'store') {
        if (before.definition === null || !onlyEnabledDiffers(before.definition, definition))
          throw refusedConfigured(name);
        const entry = { definition, runs: resumes ? runs : before.runs };
        const isBeside = Number(known.is_beside) === 1;
        if (!isBeside)
          await sql.query(`UPDATE ${TASKS} SET "enabled" = ? WHERE "name" = ?`, [
            flag(definition.enabled, driver.dialect),
            name,
          ]);
        if (!isBeside && resumes) await this.#saveTimes(sql, name, runColumns(runs, driver));
        await this.#saveOwn(sql, name, entry, isBeside, true);
      } else {
        const columns = resumes ? runColumns(runs, driver) : {};
        await writer.save(name, this.#checked(name, definition, driver), columns, now);
      }
      await writer.changed(now);
    });
  }

  async #saveTimes(sql: SqlQueries, name: string, columns: Values): Promise<void> {
    await sql.query(`UPDATE ${TASKS} SET "last_run_at" = ?, "total_run_count" = ? WHERE "name" = ?`, [
      columns.last_run_at!,
      columns.total_run_count!,
      name,
    ]);
  }

  #remove(name: string): Promise<void> {
    return this.#edit(name, async (sql, driver, known) => {
      if (!known) throw refusedUnknown(name);
      if (this.#entry(known).owner !== 'store') throw refusedConfigured(name);
      const writer = new EntryWriter(sql, driver.dialect);
      await writer.remove(name);
      await writer.changed(this.#timer.now());
    });
  }

  #checked(name: string, definition: EntryDefinition, { dialect }: SqlDriver) {
    checkDefinition(name, definition);
    const wrong = (what: string) => new EntryRefused('wrong', `The entry '${name}' cannot be written: ${what}`);
    const left = optionsWithoutColumn(definition.options ?? {});
    if (left.length > 0) throw wrong(`the tables of django-celery-beat have no column for ${left.join(', ')}.`);
    const row = rowOf(definition, dialect);
    if (row === null)
      throw wrong(
        'the tables of django-celery-beat have no columns for it. Intervals there are not relative, of 2147483647 s at most; queue, exchange and routing_key are texts, priority and expires whole numbers.',
      );
    return row;
  }

  #edit(
    name: string,
    work: (sql: SqlQueries, driver: SqlDriver, known: SqlRecord | undefined) => Promise<void>,
  ): Promise<void> {
    return this.#use((driver) =>
      // A failed statement ends a transaction of PostgreSQL: whether the own tables are there is asked before.
      this.#rows(driver, name).then(() =>
        driver.transaction(async (sql) => work(sql, driver, (await this.#rows(sql, name, this.#hasOwnTables))[0])),
      ),
    );
  }

  #held(token: string, work: (sql: SqlQueries, driver: SqlDriver) => Promise<void>): Promise<boolean> {
    return this.#use((driver) =>
      driver.transaction(async (sql) => {
        const lock = driver.dialect === 'sqlite' ? '' : ' FOR UPDATE';
        const { rows } = await sql.query(
          `SELECT "token", "expires" > ${NOW[driver.dialect]} AS "held" FROM ${LEASE} WHERE "id" = 1${lock}`,
        );
        if (rows[0]?.token !== token || !held(rows[0].held)) return false;
        await work(sql, driver);
        return true;
      }),
    );
  }

  /** @param hasOwn whether this package's tables are there; null: it is found out, which may fail one statement */
  async #rows(
    sql: SqlQueries,
    name: string | null = null,
    hasOwn: boolean | null = null,
  ): Promise<readonly SqlRecord[]> {
    const where = name === null ? '' : 'name';
    const params = name === null ? [] : [name];
    const ask = async (own: boolean) =>
      (await sql.query(selectEntries(own, where), own ? [...params, ...params] : params)).rows;
    if (hasOwn !== null) return ask(hasOwn);
    try {
      const rows = await ask(true);
      this.#hasOwnTables = true;
      return rows;
    } catch (error) {
      if (!isNoTable(error)) throw error;
      this.#hasOwnTables = false;
      return ask(false);
    }
  }

  #entry(row: SqlRecord): StoredEntry {
    const name = String(row.name);
    const own = row.own === null || row.own === undefined ? null : readOwn(name, row.own);
    if (own !== null && Number(row.is_beside) === 1) return own;
    const definition = definitionOfRow(row);
    const runs = runsOfRow(row, this.#timer.now());
    if (own === null) return { definition, runs, owner: 'store' };
    const meant = own.definition;
    // What Django was given stands as it was meant, unless it was changed there.
    const projected = meant && rowOf(meant, this.#dialect);
    if (meant === null || definition === null || projected === null) return { definition, runs };
    const asRead = definitionOfRow(readBack(projected.values, projected.schedule));
    return asRead !== null && sorted({ ...asRead, enabled: true }) === sorted({ ...definition, enabled: true })
      ? { definition: { ...meant, enabled: definition.enabled }, runs }
      : { definition, runs };
  }

  async #use<T>(work: (driver: SqlDriver) => Promise<T>): Promise<T> {
    const url = parseUrl(this.#address);
    this.#opened ??= openSqlDriver(url.scheme, { url, place: this.description, shortLived: false, poolSize: 3 }).catch(
      (error: unknown) => {
        // The file of a database may be there at the next try.
        this.#opened = null;
        throw error;
      },
    );
    try {
      const driver = await this.#opened;
      this.#dialect = driver.dialect;
      return await work(driver);
    } catch (thrown) {
      const error = toError(thrown);
      if (!isNoTable(error)) throw error;
      throw new ImproperlyConfigured(
        `The database ${this.description} has no tables of django-celery-beat 2 (${error.message}). ` +
          'Make them with Django: python manage.py migrate django_celery_beat',
        { cause: error },
      );
    }
  }
}

/** A row as it would be read: `definitionOfRow` takes it. */
function readBack(values: Values, { kind, values: schedule }: { kind: string; values: Values }): SqlRecord {
  const pointers = { interval_id: null, crontab_id: null, solar_id: null, clocked_id: null };
  return { ...pointers, ...values, ...schedule, [`${kind}_id`]: 1 };
}

async function holderIn(sql: SqlQueries, { dialect }: SqlDriver): Promise<LeaseHolder | null> {
  const { rows } = await sql.query(
    `SELECT "pid", "host", "since", "tick" FROM ${LEASE} WHERE "id" = 1 AND "expires" > ${NOW[dialect]}`,
  );
  const row = rows[0];
  if (!row) return null;
  return { pid: Number(row.pid), host: String(row.host), since: Number(row.since), lastTick: Number(row.tick) };
}

function runColumns({ lastRunAt, totalRunCount }: EntryRuns, { dialect }: SqlDriver): Values {
  return { last_run_at: timeText(lastRunAt, dialect), total_run_count: totalRunCount };
}

function readOwn(name: string, text: unknown): StoredEntry {
  const never = { last_run_at: '1970-01-01T00:00:00.000Z', total_run_count: 0 };
  return entryFromJson(name, { ...never, ...(parseEntries(String(text)) as object) });
}

function same(a: StoredEntry, b: StoredEntry): boolean {
  return sorted({ definition: a.definition, runs: a.runs }) === sorted({ definition: b.definition, runs: b.runs });
}

function held(value: unknown): boolean {
  return value === true || Number(value) === 1;
}

function isNoTable(error: unknown): boolean {
  return /no such table|relation "[^"]*" does not exist|doesn't exist/i.test(toError(error).message);
}
