// The history in SQLite: the promises of every history, its end by SIGKILL, and the words and figures above it.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { failureOf } from '../../../server/dashboard/history/exception.ts';
import { openHistory } from '../../../server/dashboard/history/registry.ts';
import { Sketch } from '../../../server/dashboard/history/sketch.ts';
import { historyContract } from '../../contract/history.ts';
import { READ_SOURCES } from '../../support/sources/read-sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-history-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
historyContract('sqlite', () => `sqlite:///${join(folder, `${count++}.db`)}`);

it('loses less than a second when the process is killed', async () => {
  const path = join(folder, 'killed.db');
  const child = fork(new URL('./ingest-child.ts', import.meta.url), [path], {
    execArgv: [...READ_SOURCES],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const sent = new Map<string, number>();
  const killedAt = await new Promise<number>((resolve) => {
    child.on('message', (message: { uuids: string[]; at: number }) => {
      for (const uuid of message.uuids) sent.set(uuid, message.at);
      if (sent.size > 3000 && !child.killed) {
        child.kill('SIGKILL');
        resolve(Date.now());
      }
    });
  });
  await new Promise((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(null),
  );
  const h = await openHistory(path);
  const found = new Set<string>();
  const old = [...sent].filter(([, at]) => at < killedAt - 1000).map(([uuid]) => uuid);
  for (let i = 0; i < old.length; i += 500) for (const row of await h.rows(old.slice(i, i + 500))) found.add(row.uuid);
  expect(old.length).toBeGreaterThan(500);
  expect(old.filter((uuid) => !found.has(uuid))).toEqual([]);
});

describe('a sketch', () => {
  it('tells quantiles within two per cent, also after merging and storing', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => Math.exp(((i * 7919) % 10_000) / 1000 - 5));
    const parts = [new Sketch(), new Sketch(), new Sketch()];
    values.forEach((v, i) => {
      parts[i % 3]!.add(v);
    });
    const merged = Sketch.decode(parts[0]!.encode());
    merged.merge(parts[1]!);
    merged.mergeEncoded(parts[2]!.encode());
    const sorted = [...values].sort((a, b) => a - b);
    for (const q of [0, 0.01, 0.5, 0.9, 0.95, 0.99, 1]) {
      const exact = sorted[Math.floor(q * (sorted.length - 1))]!;
      expect(Math.abs(merged.quantile(q)! - exact) / exact).toBeLessThan(0.02);
    }
    expect(merged.count).toBe(10_000);
    expect(new Sketch().quantile(0.5)).toBeNull();
  });
});

describe('an exception as events tell it', () => {
  it.each([
    ["ValueError('bad')", 'ValueError', 'bad'],
    ['shop.errors.CardDeclined("no money")', 'CardDeclined', 'no money'],
    ["ConnectionResetError(104, 'reset')", 'ConnectionResetError', "104, 'reset'"],
    ['<ExceptionInfo: x>', 'ExceptionInfo', 'x'],
    ['no bank here', 'unknown', 'no bank here'],
    ["Two('a', 'b')", 'Two', "'a', 'b'"],
    ['RangeError: no bank', 'RangeError', 'no bank'],
    ['', 'unknown', ''],
    ['???', 'unknown', '???'],
  ])('%s', (repr, cls, message) => {
    expect(failureOf(repr)).toEqual({ cls, message });
  });
});
