// One worker without a browser: its figures, what runs against its p95, what it runs at; and what each says of what is unknown.
// Product: web/src/workers/.
import { expect, test } from 'vitest';
import { againstP95 } from '../../web/src/workers/against-p95.ts';
import { drawn, liveOf, textOf } from './support/drawn.tsx';
import { clusterInfo, NOW, registeredTask, requestInfo, workerDetail, workerRow } from './support/factories.ts';

const { Active, roomFor } = await import('../../web/src/workers/active.tsx');
const { Held } = await import('../../web/src/workers/held.tsx');
const { LiveSwitch } = await import('../../web/src/shell/live-switch.tsx');
const { Limits } = await import('../../web/src/workers/limits.tsx');
const { WorkerFigures } = await import('../../web/src/workers/worker-figures.tsx');
const { sumWorkers } = await import('../../web/src/workers/worker-list.ts');
const { limitEffect } = await import('../../web/src/workers/rate-effect.ts');

test.each([
  // ran, p95, limit: words, past its tick, emphasised
  [0.5, 0.9, null, 'within', false, false],
  [1, 0.7, null, '1.4 times', true, false],
  [3.7, 0.9, null, '4.1 times', true, true],
  [0.91, 0.9, null, 'just past', true, false],
  [30, 60, 20, 'within', false, false],
  [200, 10, 300, '20 times', true, true],
])('running for %d s with a p95 of %d and a limit of %j is %s', (ran, p95, limit, words, past, isLong) => {
  const found = againstP95(ran, p95, limit);

  expect(found).toMatchObject({ words, isLong });
  expect(found.bar.p95 !== null && found.bar.ran > found.bar.p95).toBe(past);
});

test('a task that did not say when it began, or has no p95, is compared with nothing', () => {
  expect(againstP95(null, 3, null)).toMatchObject({ words: 'unknown', bar: { ran: 0 } });
  expect(againstP95(5, null, null)).toMatchObject({ words: 'no p95 yet', bar: { p95: null } });
  expect(againstP95(5, 0, null)).toMatchObject({ words: 'no p95 yet' });
});

test('what runs stands longest first, each with the words of its bar', async () => {
  const active = [
    requestInfo({ id: 'young', time_start: NOW - 4, baseline_p95: 60 }),
    requestInfo({ id: 'longest', time_start: NOW - 100, baseline_p95: 10 }),
  ];
  const html = await drawn(<Active worker={workerDetail({ active_tasks: active })} />);

  expect([...html.matchAll(/data-key="(\w+)"/g)].map(([, key]) => key)).toEqual(['longest', 'young']);
  expect(html).toMatch(/<b>1\d times<\/b>/);
  expect(textOf(html)).toContain('within');
});

test('of a server that is silent, while its line is still open, nothing is said as if it were of now', async () => {
  const silent = liveOf({ heardAt: (NOW - 60) * 1000, cluster: clusterInfo() });
  const active = [requestInfo({ time_start: NOW - 60, baseline_p95: 10 })];

  expect(textOf(await drawn(<Active worker={workerDetail({ active_tasks: active })} />, [], silent))).toContain(
    'within',
  );
  const line = textOf(await drawn(<LiveSwitch />, [], silent));
  expect(line).toContain('no answer');
  expect(line).not.toMatch(/\blive\b|events\/s/);
  expect(textOf(await drawn(<LiveSwitch />, [], liveOf({ cluster: clusterInfo() })))).toContain('live 10 events/s');
});

test('what a silent worker held is told by what becomes of it, and sent again where nobody will run it', async () => {
  const was = (uuid: string, state: 'running' | 'reserved', acknowledged: boolean | null) => ({
    ...{ uuid, name: 'shop.pay', was: state, at: NOW - 90, acknowledged },
  });
  const tasks = [was('gone', 'running', true), was('back', 'running', false), was('waits', 'reserved', false)];
  const held = { since: NOW - 60, as_of: NOW - 60, total: 5, tasks };

  const html = await drawn(<Held worker={workerDetail({ status: 'offline' })} held={held} />);

  const text = textOf(html);
  expect(text).toMatch(/5 tasks, as last heard at \d\d:\d\d:\d\d/);
  expect(text).toMatch(
    /1 was running and will not come back.*1 was running and will be delivered again.*1 was reserved/,
  );
  expect(text).toContain('2 more tasks not listed');
  expect(html.match(/Send it again/g)).toHaveLength(1);
  expect(
    textOf(await drawn(<Held worker={workerDetail()} held={{ ...held, as_of: null, total: 0, tasks: [] }} />)),
  ).toContain('What it held is unknown');
});

test('the controls of a worker that cannot be reached are off, and say why', async () => {
  const registered = [registeredTask({ name: 'shop.pay', rate_limit: '5/s' })];
  const enabled = async (change: Parameters<typeof workerDetail>[0]) => {
    const html = await drawn(<Limits worker={workerDetail({ registered, ...change })} />);
    return [...html.matchAll(/<button[^>]*>/g)].filter(([button]) => !button.includes('aria-disabled="true"')).length;
  };

  expect(await enabled({})).toBeGreaterThan(0);
  expect(await enabled({ controllable: false, control_reason: 'It has no remote control' })).toBe(0);
  expect(await enabled({ status: 'offline' })).toBe(0);
});

test('there is room for every slot before a task runs in it, and of a large pool for what ran when it was opened', async () => {
  expect([0, 3, 4].map((running) => roomFor(4, running))).toEqual([4, 4, 4]);
  expect([roomFor(300, 0), roomFor(300, 40), roomFor(null, 0)]).toEqual([12, 40, 12]);
  const rowsOf = async (running: number) => {
    const active_tasks = Array.from({ length: running }, (_, i) => requestInfo({ id: `t${i}` }));
    return /--rows:(\d+)/.exec(await drawn(<Active worker={workerDetail({ concurrency: 4, active_tasks })} />))?.[1];
  };

  expect([await rowsOf(0), await rowsOf(4)]).toEqual(['4', '4']);
});

test('the slots that are busy are those of the tasks below, whatever the last heartbeat said', async () => {
  const worker = workerDetail({ active: 3, active_tasks: [requestInfo()] });

  expect(textOf(await drawn(<WorkerFigures worker={worker} />))).toMatch(/Pool \S+ 1 of/);
});

test('nothing runs, or it is unknown', async () => {
  expect(textOf(await drawn(<Active worker={workerDetail()} />))).toContain('nothing runs now');
  expect(textOf(await drawn(<Active worker={workerDetail({ inspected: null })} />))).toContain(
    'unknown: it has not answered yet',
  );
});

test('a rate that is not known yet is unknown, in the figures and beside each task', async () => {
  const worker = workerDetail({
    per_min: null,
    finished_per_min: [null, 2],
    registered: [registeredTask({ per_min: null })],
  });

  expect(textOf(await drawn(<WorkerFigures worker={worker} />))).toMatch(/Finished unknown(?! \/min)/);
  const limits = textOf(await drawn(<Limits worker={worker} />));
  expect(limits).toContain('unknown');
  expect(limits).not.toMatch(/\d\/m\b/);
  expect(limitEffect({ ok: true, text: '60/m', perMin: 60 }, 1, null)).toContain('not known yet');
});

test('a known rate stands with its unit', async () => {
  const worker = workerDetail({ registered: [registeredTask()] });

  expect(textOf(await drawn(<WorkerFigures worker={worker} />))).toContain('Finished 4 /min');
  expect(textOf(await drawn(<Limits worker={worker} />))).toContain(' 4/m ');
});

test('a silent worker shows no figure as if it were of now', async () => {
  const text = textOf(await drawn(<WorkerFigures worker={workerDetail({ status: 'offline', active: null })} />));

  expect(text).toContain('Finished unknown');
  expect(text).toContain('It is silent: nobody knows.');
  expect(text).not.toContain('/min');
});

test('a deployment adds up what is known of its workers, minute by minute', () => {
  const sum = sumWorkers('web', [
    workerRow({ finished_per_min: [null, 1, 2], per_min: 3 }),
    workerRow({ finished_per_min: [null, null, 5], per_min: null }),
    workerRow({ status: 'offline', per_min: 9 }),
  ]);

  expect(sum.finished_per_min).toEqual([3, 5, 12]);
  expect(sum.per_min).toBe(3);
  expect(sumWorkers('web', [workerRow({ per_min: null, finished_per_min: [null] })])).toMatchObject({
    per_min: null,
    finished_per_min: [null],
  });
});
