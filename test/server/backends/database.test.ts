import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { backendContract } from '../../contract/backend.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-database-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const own = () => ({ database_table_names: { task: `task_${++count}`, group: `group_${count}` } });
const like = { durable: true, expiry: 'cleanup', keeps: 'no family', chords: 'unlock' } as const;
backendContract('db+sqlite', () => `db+sqlite:///${join(folder, `${count++}.db`)}`, like);
if (process.env.PGT) backendContract('db+postgresql', () => `db+postgresql://umbel@127.0.0.1:54399/postgres`, { ...like, settings: own });
if (process.env.PGT) backendContract('db+mysql', () => `db+mysql+pymysql://u:p@127.0.0.1:33999/r`, { ...like, settings: own });
