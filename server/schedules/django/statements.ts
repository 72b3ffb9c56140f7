// The statements on the tables of django-celery-beat, and on two tables of this package's own beside them: `umbel_beat_lease` (which beat
// runs the schedule) and `umbel_beat_entry` (which entries an app configures, and what of them Django's tables have no column for).
// Holds: Django's tables are never made or changed in shape; what is asked at once is of one moment.
// django-celery-beat 2.x: models.py, migrations
import { upsert } from '../../backends/database/statements.ts';
import { quoted, type SqlDialect, type SqlQueries } from '../../backends/sql/driver.ts';
import { type EntryRow, type ScheduleRow, timeOf, timeText, type Values } from './rows.ts';

const table = (name: string) => quoted(`django_celery_beat_${name}`);
export const TASKS: string = table('periodictask');
export const CHANGES: string = table('periodictasks');
export const LEASE: string = quoted('umbel_beat_lease');
export const ENTRIES: string = quoted('umbel_beat_entry');
const SCHEDULES: Readonly<Record<ScheduleRow['kind'], string>> = {
  interval: table('intervalschedule'),
  crontab: table('crontabschedule'),
  solar: table('solarschedule'),
  clocked: table('clockedschedule'),
};

/** By the server's clock, which all beats share. @unit milliseconds since the epoch */
export const NOW: Readonly<Record<SqlDialect, string>> = {
  sqlite: `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`,
  postgresql: 'CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)',
  mysql: 'CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)',
};

export function makeTables(dialect: SqlDialect): string[] {
  // Names that differ in case alone are two.
  const name = `varchar(200)${dialect === 'mysql' ? ' CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : ''}`;
  const long = dialect === 'mysql' ? 'longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : 'text';
  return [
    `CREATE TABLE IF NOT EXISTS ${LEASE} ("id" integer NOT NULL PRIMARY KEY, "token" varchar(64) NOT NULL, "pid" integer NOT NULL, "host" ${name} NOT NULL, "since" bigint NOT NULL, "tick" bigint NOT NULL, "expires" bigint NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${ENTRIES} ("name" ${name} NOT NULL PRIMARY KEY, "entry" ${long} NOT NULL, "is_beside" integer NOT NULL)`,
  ];
}

const COLUMNS = [
  ...['p.name', 'p.task', 'p.args', 'p.kwargs', 'p.queue', 'p.exchange', 'p.routing_key', 'p.headers', 'p.priority'],
  ...['p.expires', 'p.expire_seconds', 'p.one_off', 'p.start_time', 'p.enabled', 'p.last_run_at', 'p.total_run_count'],
  ...['p.interval_id', 'p.crontab_id', 'p.solar_id', 'p.clocked_id', 'i.every', 'i.period', 'c.minute', 'c.hour'],
  ...['c.day_of_week', 'c.day_of_month', 'c.month_of_year', 'c.timezone', 's.event', 's.latitude', 's.longitude'],
  'k.clocked_time',
];
const named = (column: string) => column.replace(/^(\w)\.(\w+)$/, '$1."$2"');
const JOINED = `${TASKS} p LEFT JOIN ${SCHEDULES.interval} i ON i."id" = p."interval_id"
LEFT JOIN ${SCHEDULES.crontab} c ON c."id" = p."crontab_id" LEFT JOIN ${SCHEDULES.solar} s ON s."id" = p."solar_id"
LEFT JOIN ${SCHEDULES.clocked} k ON k."id" = p."clocked_id"`;

/** One statement, so that all is of one moment. @param withOwn this package's own tables are there @param where of `p` and `e` */
export function selectEntries(withOwn: boolean, where = ''): string {
  const columns = COLUMNS.map(named).join(', ');
  if (!withOwn) return `SELECT ${columns}, NULL AS "own" FROM ${JOINED}${where && ` WHERE p."name" = ?`}`;
  const beside = ['e."name"', ...COLUMNS.slice(1).map(() => 'NULL')].join(', ');
  return `SELECT ${columns}, e."entry" AS "own", 0 AS "is_beside" FROM ${JOINED} LEFT JOIN ${ENTRIES} e ON e."name" = p."name"${where && ` WHERE p."name" = ?`}
UNION ALL SELECT ${beside}, e."entry", 1 FROM ${ENTRIES} e WHERE e."is_beside" = 1${where && ` AND e."name" = ?`}`;
}

/** Writes entries and what they point to. Of one transaction. */
export class EntryWriter {
  readonly #sql: SqlQueries;
  readonly #dialect: SqlDialect;
  readonly #ids = new Map<string, unknown>();

  constructor(sql: SqlQueries, dialect: SqlDialect) {
    this.#sql = sql;
    this.#dialect = dialect;
  }

  /** @param runs columns of its runs; {} leaves those of a known one as they are */
  async save(name: string, row: EntryRow, runs: Values, nowMs: number): Promise<void> {
    const pointers = Object.fromEntries(
      Object.keys(SCHEDULES).map((kind) => [`${kind}_id`, null as unknown as number | null]),
    );
    pointers[`${row.schedule.kind}_id`] = await this.#scheduleId(row.schedule);
    const changed = timeText(nowMs, this.#dialect);
    const written: Values = { ...row.values, ...pointers, ...runs, date_changed: changed };
    const names = Object.keys(written);
    const set = names.map((one) => `${quoted(one)} = ?`).join(', ');
    const there = await this.#sql.query(`SELECT "id" FROM ${TASKS} WHERE "name" = ?`, [name]);
    if (there.rows.length > 0) {
      await this.#sql.query(`UPDATE ${TASKS} SET ${set} WHERE "name" = ?`, [...Object.values(written), name]);
      return;
    }
    const all: Values = { name, description: '', total_run_count: 0, ...written };
    const marks = Object.keys(all).map(() => '?');
    await this.#sql.query(
      `INSERT INTO ${TASKS} (${Object.keys(all)
        .map((one) => quoted(one))
        .join(', ')}) VALUES (${marks.join(', ')})`,
      Object.values(all),
    );
  }

  async remove(name: string): Promise<void> {
    await this.#sql.query(`DELETE FROM ${TASKS} WHERE "name" = ?`, [name]);
  }

  /** Python's beats look at it, and read the schedule again when it is later. */
  async changed(nowMs: number): Promise<void> {
    const { rows } = await this.#sql.query(`SELECT "last_update" FROM ${CHANGES} WHERE "ident" = 1`);
    const after = rows[0] ? Math.max(nowMs, timeOf(rows[0].last_update) + 1) : nowMs;
    const columns = ['ident', 'last_update'];
    await this.#sql.query(upsert({ dialect: this.#dialect, table: CHANGES, columns, key: 'ident', rows: 1 }), [
      1,
      timeText(after, this.#dialect),
    ]);
  }

  async #scheduleId({ kind, values }: ScheduleRow): Promise<number> {
    const key = `${kind} ${JSON.stringify(values)}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known as number;
    const at = SCHEDULES[kind];
    const where = Object.keys(values).map((name) => `${quoted(name)} = ?`);
    const find = `SELECT "id" FROM ${at} WHERE ${where.join(' AND ')} ORDER BY "id" LIMIT 1`;
    let found = await this.#sql.query(find, Object.values(values));
    if (found.rows.length === 0) {
      const names = Object.keys(values).map((name) => quoted(name));
      await this.#sql.query(
        `INSERT INTO ${at} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        Object.values(values),
      );
      found = await this.#sql.query(find, Object.values(values));
    }
    const id = found.rows[0]?.id;
    if (id === undefined) throw new Error(`The ${kind} schedule ${key} was written and is not found again.`);
    this.#ids.set(key, id);
    return id as number;
  }
}
