// The image of exchanges, queues and bindings that a process holds of a broker file which others change.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { EmbeddedDb } from '../../../server/embedded-db.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import { openBrokerFile } from '../../../server/transport/sqlite/schema.ts';
import { Topology } from '../../../server/transport/sqlite/topology.ts';

const OPTIONS = { busyTimeoutMs: 5000, synchronous: 'NORMAL', pollingMs: null } as const;

/** @param afterEach called when a statement of many rows has been read */
function reader(db: EmbeddedDb, afterEach: (sql: string) => void): EmbeddedDb {
  return new Proxy(db, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'all') return value.bind(target);
      return (sql: string, ...params: never[]) => {
        const rows = target.all(sql, ...params);
        afterEach(sql);
        return rows;
      };
    },
  });
}

it('is of one state of the file, though another process declares while it is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-topology-'));
  const path = join(folder, 'broker.db');
  const [ours, theirs] = [1, 2].map(() => openBrokerFile(path, `sqlite:///${path}`, OPTIONS));
  try {
    const other = new Topology(
      theirs!,
      () => 2,
      () => {},
    );
    let declared = 0;
    const declareOne = () => {
      const name = `elsewhere-${++declared}`;
      theirs!.transaction(() => {
        other.refresh();
        other.declareQueue(queue(name, { exchange: exchange(name, 'direct') }), 0);
      });
    };
    const image = new Topology(
      reader(ours!, declareOne),
      () => 1,
      () => {},
    );
    const routed = () =>
      Array.from({ length: declared }, (_, i) => `elsewhere-${i + 1}`).map(
        (name) => image.routing.route(name, name)[0],
      );
    image.refresh();
    expect(declared).toBe(4);
    expect(routed()).toEqual(Array(4).fill(undefined));
    // What was declared meanwhile is in the next image.
    expect(image.refresh()).toBe(true);
    expect(routed().slice(0, 4)).toEqual([1, 2, 3, 4].map((i) => `elsewhere-${i}`));
  } finally {
    for (const db of [ours, theirs]) db!.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
