// A history file without its dashboard: copying it, seeing what limits would take away, trimming it.
// Not here: what is deleted (retention.ts), trimming while the dashboard runs (../../cluster/retention.ts).
// Holds: nothing is written to a file that a dashboard has open.
import { existsSync, statSync } from 'node:fs';
import { backupFile } from '../../../db-backup.ts';
import { EmbeddedDb } from '../../../embedded-db.ts';
import { ImproperlyConfigured } from '../../../errors.ts';
import type { ExpiryPlan, Limits } from '../contract.ts';
import type { HistoryCare } from '../registry.ts';
import { refuseFlowersFile } from './flowers-file.ts';
import { FileOwner } from './owner.ts';
import { expire, planExpiry } from './retention.ts';
import { prepareSchema } from './schema.ts';

export class HistoryFileCare implements HistoryCare {
  readonly #path: string;

  constructor(path: string) {
    if (!existsSync(path)) throw new ImproperlyConfigured(`There is no history file ${path}: --db names it.`);
    refuseFlowersFile(path);
    this.#path = path;
  }

  backup(to: string): number {
    return backupFile(this.#path, to);
  }

  plan(limits: Limits, now: number): ExpiryPlan {
    const db = new EmbeddedDb(this.#path, { readOnly: true });
    try {
      return db.snapshot(() => planExpiry(db, limits, now));
    } finally {
      db.close();
    }
  }

  trim(limits: Limits, now: number): { tasks: number; before: number; after: number } {
    const owner = new FileOwner(this.#path);
    owner.take(null, now);
    try {
      const db = new EmbeddedDb(this.#path, { busyTimeoutMs: 10_000 });
      try {
        prepareSchema(db);
        const before = statSync(this.#path).size;
        const planned = planExpiry(db, limits, now).tasks;
        while (expire(db, limits, now) > 0);
        const left = planExpiry(db, limits, now).tasks;
        // A file of an earlier format learns to give room back.
        db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
        return { tasks: planned - left, before, after: statSync(this.#path).size };
      } finally {
        db.close();
      }
    } finally {
      owner.release();
    }
  }
}
