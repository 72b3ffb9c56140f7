// Celery's two tables as SQLAlchemy makes them on each database, and what the ones that are there look like.
// Not here: their rows (rows.ts), the statements on them (database.ts).
// Holds: a table that is there is never changed; two processes that make the tables at once both go on.
// Celery 5.6: backends/database/models.py, session.py
import { toError } from '../../errors.ts';
import { quoted, type SqlDialect, type SqlDriver } from '../sql/driver.ts';
import type { DatabaseOptions, TableName } from './settings.ts';

export const TASK_COLUMNS = ['task_id', 'status', 'result', 'date_done', 'traceback'] as const;
/** Tables of Celery before 4.3 have none of these. */
export const EXTENDED_COLUMNS = ['name', 'args', 'kwargs', 'worker', 'retries', 'queue'] as const;

export interface Table {
  readonly dialect: SqlDialect;
  /** For SQL. */
  readonly sql: string;
  /** What a new row's id is, as SQL; null: the database gives it. */
  readonly newId: string | null;
  readonly columns: ReadonlySet<string>;
  /** How many bytes or characters a column holds, where the database has a bound. */
  readonly limits: ReadonlyMap<string, number>;
}

export interface Tables {
  readonly task: Table;
  readonly group: Table;
}

const SEQUENCES = { task: 'task_id_sequence', group: 'taskset_id_sequence' } as const;

const TYPES: Record<SqlDialect, { blob: string; time: string }> = {
  sqlite: { blob: 'BLOB', time: 'DATETIME' },
  postgresql: { blob: 'BYTEA', time: 'TIMESTAMP WITHOUT TIME ZONE' },
  mysql: { blob: 'BLOB', time: 'DATETIME' },
};

/** How often somebody else may have made a table between looking and making it. */
const TRIES = 10;

/** Makes what is not there, and says what is. */
export async function openTables(driver: SqlDriver, { tables }: DatabaseOptions): Promise<Tables> {
  for (let tries = 1; ; tries++) {
    try {
      return {
        task: await openTable(driver, 'task', tables.task),
        group: await openTable(driver, 'group', tables.group),
      };
    } catch (error) {
      if (tries === TRIES || driver.isTemporary(toError(error)) || !/exist|duplicate/i.test(toError(error).message))
        throw error;
    }
  }
}

async function openTable(driver: SqlDriver, which: 'task' | 'group', table: TableName): Promise<Table> {
  const found = await describe(driver, which, table);
  if (found) return found;
  for (const sql of await creation(driver, which, table)) await driver.query(sql);
  const made = await describe(driver, which, table);
  if (!made) throw new Error(`the table ${table.name} does not exist after it was made`);
  return made;
}

async function creation(driver: SqlDriver, which: 'task' | 'group', table: TableName): Promise<string[]> {
  const { blob, time } = TYPES[driver.dialect];
  const sequences = await hasSequences(driver);
  const id =
    driver.dialect === 'sqlite'
      ? 'id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT'
      : `id INTEGER NOT NULL${sequences ? '' : ' AUTO_INCREMENT'}`;
  const own =
    which === 'task'
      ? [
          'task_id VARCHAR(155)',
          'status VARCHAR(50)',
          `result ${blob}`,
          `date_done ${time}`,
          'traceback TEXT',
          'name VARCHAR(155)',
          `args ${blob}`,
          `kwargs ${blob}`,
          'worker VARCHAR(155)',
          'retries INTEGER',
          'queue VARCHAR(155)',
        ]
      : ['taskset_id VARCHAR(155)', `result ${blob}`, `date_done ${time}`];
  const keys = [...(driver.dialect === 'sqlite' ? [] : ['PRIMARY KEY (id)']), `UNIQUE (${own[0]!.split(' ')[0]})`];
  return [
    ...(sequences ? [`CREATE SEQUENCE IF NOT EXISTS ${quoted(SEQUENCES[which], table.schema)}`] : []),
    `CREATE TABLE ${quoted(table.name, table.schema)} (\n\t${[id, ...own, ...keys].join(', \n\t')}\n)`,
  ];
}

/** As SQLAlchemy decides it: MariaDB has sequences, MySQL has none. */
async function hasSequences(driver: SqlDriver): Promise<boolean> {
  if (driver.dialect !== 'mysql') return driver.dialect === 'postgresql';
  const { rows } = await driver.query('SELECT VERSION() AS version');
  return /mariadb/i.test(String(rows[0]?.version));
}

/** null: there is no such table. */
async function describe(driver: SqlDriver, which: 'task' | 'group', table: TableName): Promise<Table | null> {
  const sql = quoted(table.name, table.schema);
  if (driver.dialect === 'sqlite') {
    const schema = table.schema ? `${quoted(table.schema)}.` : '';
    const { rows } = await driver.query(`PRAGMA ${schema}table_info(${quoted(table.name)})`);
    if (rows.length === 0) return null;
    const { dialect } = driver;
    return { dialect, sql, newId: null, columns: new Set(rows.map((row) => String(row.name))), limits: new Map() };
  }
  const schema =
    table.schema === null ? (driver.dialect === 'mysql' ? 'DATABASE()' : 'ANY (current_schemas(false))') : '?';
  const extra = driver.dialect === 'mysql' ? 'extra' : 'is_identity';
  const { rows } = await driver.query(
    `SELECT column_name AS name, column_default AS preset, ${extra} AS extra, character_maximum_length AS longest
     FROM information_schema.columns WHERE table_name = ? AND table_schema = ${schema}`,
    table.schema === null ? [table.name] : [table.name, table.schema],
  );
  if (rows.length === 0) return null;
  const id = rows.find((row) => row.name === 'id');
  const given = id?.preset != null || /auto_increment|YES/i.test(String(id?.extra));
  const sequence = quoted(SEQUENCES[which], table.schema);
  const next = driver.dialect === 'mysql' ? `NEXTVAL(${sequence})` : `nextval('${sequence.replaceAll("'", "''")}')`;
  return {
    dialect: driver.dialect,
    sql,
    newId: given ? null : next,
    columns: new Set(rows.map((row) => String(row.name))),
    limits: new Map(
      rows.flatMap((row) => (row.longest === null ? [] : [[String(row.name), Number(row.longest)] as const])),
    ),
  };
}
