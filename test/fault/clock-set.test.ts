// A real worker with beat whose wall clock is set by an hour and a minute, forwards and back, while it works. The monotonic clock stays
// (libfaketime): so it is when an administrator or NTP sets a machine's clock. Every case by a clock handed in: ../server/ground.test.ts,
// ../server/beat/beat.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { hasRedis, redisServer } from '../support/redis-server.ts';
import { linkPackage, startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

const APP = `
import { appendFileSync } from 'node:fs';
import { Celery } from 'umbel';
export const app = new Celery('clock', {
  broker: process.env.CLOCK_BROKER,
  task_ignore_result: true,
  beat_schedule: { tick: { task: 'clock.note', schedule: 0.5, args: ['tick'] } },
});
app.task({ name: 'clock.note' }, (what) => appendFileSync(process.env.CLOCK_DIARY, what + '\\n'));
`;
const PATIENT = { timeoutMs: 120_000, everyMs: 20 };

const library = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`)
  .find((path) => present(path));
const describeNeedsFaketime = hasRedis && (library || process.env.CI === 'true') ? describe : describe.skip;

describeNeedsFaketime('a worker whose wall clock is set', () => {
  it('goes on: heartbeats, beat and tasks at once, ETAs when the clock shows them, each once', async () => {
    const server = await redisServer();
    const folder = mkdtempSync(join(tmpdir(), 'umbel-clock-'));
    const [fake, diary] = [join(folder, 'time'), join(folder, 'diary')];
    const set = (seconds: number) => writeFileSync(fake, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    set(0);
    writeFileSync(diary, '');
    writeFileSync(join(folder, 'clock.mjs'), APP);
    linkPackage(folder);
    const noted = (what: string) =>
      readFileSync(diary, 'utf8')
        .split('\n')
        .filter((line) => line === what).length;
    const listener = new Redis(server.url());
    let beats = 0;
    listener.on('pmessage', () => beats++);
    await listener.psubscribe('*worker.heartbeat');
    const app = new Celery('clock', { broker: server.url() }, { log: silentLogger });
    const later = (what: string, seconds: number) =>
      app.sendTask('clock.note', [what], {}, { eta: new Date(Date.now() + seconds * 1000) });
    const worker = startUmbel(['-A', './clock.mjs', 'worker', '-B', '-l', 'INFO', '--heartbeat-interval', '0.2'], {
      cwd: folder,
      env: {
        CLOCK_BROKER: server.url(),
        CLOCK_DIARY: diary,
        LD_PRELOAD: library!,
        FAKETIME_TIMESTAMP_FILE: fake,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    });
    try {
      await worker.says(' ready.');
      await later('in an hour', 3600);
      for (const seconds of [3600 + 30, 60, -60, -3600, 0]) {
        set(seconds);
        const [heard, ticks] = [beats, noted('tick')];
        await until(() => beats >= heard + 3, `heartbeats with a clock set to ${seconds} s`, PATIENT);
        await until(() => noted('tick') >= ticks + 2, `beat with a clock set to ${seconds} s`, PATIENT);
        await app.sendTask('clock.note', [`at ${seconds}`]);
        await until(() => noted(`at ${seconds}`) > 0, `a task with a clock set to ${seconds} s`, PATIENT);
        // Due when its clock showed it, by being set forward.
        await until(() => noted('in an hour') === 1, 'the task that was due', PATIENT);
      }
      await later('soon', 0.3);
      await until(() => noted('soon') === 1, 'a task by the right clock', PATIENT);
      expect(noted('in an hour')).toBe(1);
      worker.child.kill('SIGTERM');
      expect((await worker.ended).code).toBe(0);
    } finally {
      await worker[Symbol.asyncDispose]();
      listener.disconnect();
      await app.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function present(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
