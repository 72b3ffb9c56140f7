import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RevokedSet, StateDb } from '../../../server/worker/revoked.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function stateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-state-'));
  folders.push(folder);
  return join(folder, 'worker.state');
}

describe('revoked ids', () => {
  it('are bounded: the oldest is forgotten first', () => {
    const revoked = new RevokedSet(() => 1000, { CELERY_WORKER_REVOKES_MAX: '3' });
    for (const id of ['a', 'b', 'c', 'd']) revoked.add(id);
    expect(revoked.ids()).toEqual(['b', 'c', 'd']);
  });

  it('expire after three hours when they are purged', () => {
    let now = 0;
    const revoked = new RevokedSet(() => now, {});
    revoked.add('old');
    now = 10_801_000;
    revoked.add('new');
    revoked.purge();
    expect(revoked.ids()).toEqual(['new']);
  });

  it('come from other workers as id and unix time', () => {
    const revoked = new RevokedSet(() => 5000, {});
    revoked.merge({ x: 4.5, y: [4, 'y'], z: 'nonsense' });
    expect(revoked.toRecord()).toEqual({ x: 4.5, y: 4, z: 5 });
  });

  it('survive a restart in the state file, with the clock', () => {
    const path = stateFile();
    const before = new RevokedSet(() => 1000, {});
    before.add('gone');
    new StateDb(path).save(before, 42);
    expect(new StateDb(path).load()).toEqual({ revoked: { gone: 1 }, clock: 42 });
  });

  it('start empty without a state file, and refuse a file that is none', () => {
    const path = stateFile();
    expect(new StateDb(path).load()).toBeNull();
    writeFileSync(path, 'zrevoked');
    expect(() => new StateDb(path).load()).toThrow(/not a state file/);
  });
});

describe('revoked stamps', () => {
  it('match one equal value of one stamp', () => {
    const revoked = new RevokedSet(() => 0, {});
    revoked.addStamps({ batch: ['7', '8'] });
    expect(revoked.hasStamp(['batch'], { batch: ['8'] })).toBe(true);
    expect(revoked.hasStamp(null, { batch: '7' })).toBe(true);
    expect(revoked.hasStamp(['batch'], { batch: ['9'] })).toBe(false);
    expect(revoked.hasStamp(['other'], { batch: ['8'] })).toBe(false);
  });
});
