// A second dashboard on a history that another has: it stands by, and takes its place. That it is refused without the option: restart.test.ts.
import { expect, it, onTestFinished } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { place } from '../support/listening.ts';

it('stands by while another dashboard has the history, and takes its place', async () => {
  const { broker, db } = place();
  const make = (standby: boolean) => {
    const one = createDashboard({ broker, db, standby, port: 0, enable_events: false }, { log: silentLogger });
    onTestFinished(() => one.close());
    return one;
  };
  const first = make(true);
  await first.listen();
  expect(first.isStandingBy).toBe(false);
  const second = make(true);
  const address = await second.listen();
  const asked = async (path: string) => {
    const { status, headers } = await fetch(`${address}${path}`);
    return { status, after: headers.get('retry-after') };
  };

  expect(second.isStandingBy).toBe(true);
  for (const path of ['/', '/readyz', '/api/v2/workers', '/metrics', '/login'])
    expect(await asked(path), path).toEqual({ status: 503, after: '2' });
  expect(await (await fetch(`${address}/healthcheck`)).text()).toBe('OK');
  await expect(make(false).listen()).rejects.toThrow(/Another dashboard uses the history file/);

  await first.close();
  await expect.poll(async () => (await asked('/api/v2/workers')).status).toBe(200);
  expect(second.isStandingBy).toBe(false);

  // One that is stopped while it stands by leaves nothing behind.
  const third = make(true);
  await third.listen();
  expect(third.isStandingBy).toBe(true);
  await third.close();
  expect((await asked('/api/v2/workers')).status).toBe(200);
});
