// The settings of the SQL result store, as rows of the settings table (app/settings/stores.ts puts them there), and reading them.
// Celery 5.6: app/defaults.py, the namespace database
import { ImproperlyConfigured } from '../../errors.ts';
import { bool, type Dict, dict, type Settings, string } from '../../setting.ts';

export const DATABASE_STORE_SETTINGS = {
  database_create_tables_at_setup: bool(
    true,
    'DATABASE_CREATE_TABLES_AT_SETUP',
    'SQL: make the tables when the store is opened, not when the first result is stored.',
  ),
  database_engine_options: dict<Dict | null>(
    null,
    'CELERY_RESULT_ENGINE_OPTIONS',
    'SQL: options of the engine. Here `pool_size` (connections at most, 5) and `connect_args` (what could stand in the query of the URL).',
  ),
  database_short_lived_sessions: bool(
    false,
    'CELERY_RESULT_DB_SHORT_LIVED_SESSIONS',
    'SQL: a connection for each operation.',
  ),
  database_table_names: dict<Dict | null>(
    null,
    'CELERY_RESULT_DB_TABLENAMES',
    'SQL: other table names, as { task, group }.',
  ),
  database_table_schemas: dict<Dict | null>(
    null,
    'DATABASE_TABLE_SCHEMAS',
    'SQL: schemas of the tables, as { task, group }.',
  ),
  database_url: string(null, 'CELERY_RESULT_DBURI', "SQL: address when result_backend is 'database'."),
} as const;

type DatabaseSettings = Partial<Settings<typeof DATABASE_STORE_SETTINGS>>;

export interface DatabaseOptions {
  readonly createAtSetup: boolean;
  readonly shortLived: boolean;
  readonly poolSize: number;
  readonly connectArgs: Readonly<Record<string, string>>;
  readonly tables: { readonly task: TableName; readonly group: TableName };
}

export interface TableName {
  readonly name: string;
  readonly schema: string | null;
}

export function databaseOptions(settings: Readonly<Record<string, unknown>> = {}): DatabaseOptions {
  const given = settings as DatabaseSettings;
  const { pool_size: poolSize, connect_args: connectArgs } = given.database_engine_options ?? {};
  const table = (which: 'task' | 'group', fallback: string): TableName => ({
    name: text('database_table_names', given.database_table_names, which) ?? fallback,
    schema: text('database_table_schemas', given.database_table_schemas, which),
  });
  return {
    createAtSetup: given.database_create_tables_at_setup ?? true,
    shortLived: given.database_short_lived_sessions ?? false,
    poolSize: typeof poolSize === 'number' && poolSize > 0 ? poolSize : 5,
    connectArgs: Object.fromEntries(Object.entries(connectArgs ?? {}).map(([name, value]) => [name, String(value)])),
    tables: { task: table('task', 'celery_taskmeta'), group: table('group', 'celery_tasksetmeta') },
  };
}

function text(setting: string, names: Dict | null | undefined, which: string): string | null {
  const name = names?.[which];
  if (name === undefined || name === null || name === '') return null;
  if (typeof name !== 'string') {
    throw new ImproperlyConfigured(`${setting}.${which} is a name, not ${JSON.stringify(name)}`);
  }
  return name;
}
