// The database of a schedule is killed under a running beat, and comes back: at once, within the lease; and late, when the lease is lost. Beat
// says both, sends nothing without its lease, nothing twice, and makes up once for what was due meanwhile; what is written is what was sent.
import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { Beat } from '../../server/beat/beat.ts';
import { createLogger } from '../../server/log.ts';
import { openScheduleStore } from '../../server/schedules/registry.ts';
import { signals } from '../../server/signals.ts';
import { djangoStore } from '../support/django-store.ts';
import { hasDjangoBeat } from '../support/needs.ts';
import { hasMariadb, hasPostgres, OwnSqlServer } from '../support/sql-servers.ts';
import { until } from '../support/until.ts';

const KINDS = [
  ['postgresql', hasPostgres],
  ['mysql', hasMariadb],
] as const;

for (const [kind, present] of KINDS)
  (present && hasDjangoBeat ? it : it.skip)(`a schedule in ${kind}, which is killed and comes back`, async () => {
    const server = await OwnSqlServer.open(kind);
    onTestFinished(() => server.close());
    const python = await djangoStore([{ name: kind, engine: kind, url: server.url }], "'django_celery_beat'");
    await python.close();
    const url = `django-db+${server.url}`;
    const lines: string[] = [];
    const settings = {
      broker: `memory://${randomUUID()}`,
      beat_schedule: { tick: { task: 'tick', schedule: 1 }, rare: { task: 'rare', schedule: 3600 } },
    };
    const log = createLogger({ level: 'INFO', write: (line) => lines.push(line) });
    const app = new Celery('beat', settings, { env: {}, log });
    onTestFinished(() => app.close());
    const beat = new Beat(app, { schedule: url });
    /** When each run that was sent was due. */
    const due: number[] = [];
    const published = ({ sender }: { sender: unknown }) => {
      expect(sender).toBe('tick');
      due.push(beat.scheduler.entries.get('tick')!.lastRunAt);
    };
    signals.after_task_publish.connect(published);
    onTestFinished(() => signals.after_task_publish.disconnect(published));
    await beat.start();
    onTestFinished(() => beat.stop());
    const reader = await openScheduleStore(url);
    onTestFinished(() => reader.close());
    const written = async () => (await reader.load()).get('tick')!.runs;
    const more = (runs: number) => {
      const before = due.length;
      return until(() => due.length >= before + runs, `${runs} more runs`);
    };
    const said = (from: number, text: string) => lines.slice(from).filter((line) => line.includes(text)).length;
    const isWritten = () => until(async () => (await written()).totalRunCount >= due.length - 2, 'runs are written');
    await more(2);
    await isWritten();

    // It comes back before the lease has ended: sending went on.
    let from = lines.length;
    const begun = due.length;
    await server.kill();
    await until(() => said(from, 'could not be written') > 0, 'beat says that it cannot write');
    await server.start();
    if (said(from, 'was lost') === 0) {
      await more(2);
      await isWritten();
    }
    expect(due.length).toBeGreaterThan(begun);

    // It comes back late.
    from = lines.length;
    await until(() => beat.scheduler.entries.size === 2 && due.length > begun, 'beat goes on');
    await server.kill();
    await until(() => said(from, 'was lost') > 0, 'the lease is lost');
    const lost = due.length;
    await until(() => said(from, 'cannot be claimed yet') >= 2, 'it is asked for again and again');
    expect(due.length).toBe(lost);
    await server.start();
    await until(() => said(from, "is this beat's now; going on") > 0, 'the lease is claimed again');
    await more(2);
    await isWritten();
    expect(said(from, 'sent once now: tick')).toBe(1);

    await beat.stop();
    expect(new Set(due).size).toBe(due.length);
    expect(due).toEqual(due.toSorted((a, b) => a - b));
    expect(await written()).toEqual({ lastRunAt: due.at(-1), totalRunCount: due.length });
    expect(lines.join()).not.toContain('secret');
  });
