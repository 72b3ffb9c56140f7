// The overview without a browser: what each card says of something, of nothing, and of what is not known any more.
// Product: web/src/pages/overview.tsx, web/src/overview/.
import { expect, test } from 'vitest';
import { drawn, liveOf, textOf } from './support/drawn.tsx';
import { awayOf, clusterInfo, failureGroup, figures, NOW, queueRow, workerRow } from './support/factories.ts';

const { FailuresCard } = await import('../../web/src/overview/failures-card.tsx');
const { FiguresCard } = await import('../../web/src/overview/figures.tsx');
const { FleetCard } = await import('../../web/src/overview/fleet-card.tsx');
const { QueuesCard } = await import('../../web/src/overview/queues-card.tsx');
const { fleetTotals } = await import('../../web/src/workers/fleet.ts');
const { nodesOf } = await import('../../web/src/workers/worker-list.ts');
const { stepWithin } = await import('../../web/src/shell/row-keys.ts');

const workers = [workerRow(), workerRow({ hostname: 'celery@web-2', status: 'offline', last_heard: NOW - 41 })];
const cards = () => (
  <>
    <FiguresCard figures={figures()} fleet={null} />
    <FailuresCard failures={[failureGroup()]} />
    <QueuesCard queues={[queueRow()]} total={1} />
    <FleetCard workers={workers} fleet={fleetTotals(workers)} total={2} />
  </>
);
/** The cards that are grey, by the class that names them. */
const greyOf = (html: string) => [...html.matchAll(/<section class="card (\w+) is-stale"/g)].map(([, name]) => name);

test('nothing is grey and nothing says its age while all is heard', async () => {
  const html = await drawn(cards(), [], liveOf({ cluster: clusterInfo() }));

  expect(greyOf(html)).toEqual([]);
  expect(html).not.toContain('as of');
});

test.each([
  ['broker', ['growing'], 1],
  ['history', ['failures'], 2],
  ['events', ['failures', 'fleet'], 3],
  ['control', [], 1],
])('a %s that is silent turns what rests on it grey, and nothing else', async (source, grey, oldFigures) => {
  const html = await drawn(cards(), [], liveOf({ cluster: clusterInfo({ knowledge: awayOf(source) }) }));

  expect(greyOf(html)).toEqual(grey);
  expect(html.match(/<div class="is-stale"/g)?.length ?? 0).toBe(oldFigures);
  expect(html.match(/as of \d\d:\d\d:\d\d/g)?.length ?? 0).toBe(grey.length);
});

test('a silent server gives every card the time of its last word', async () => {
  const heardAt = Date.now() - 300_000;
  const lost = liveOf({ connection: { mode: 'lost', retryAt: 0, since: heardAt }, heardAt, cluster: clusterInfo() });

  const html = await drawn(cards(), [], lost);

  expect(html.match(/as of \d\d:\d\d:\d\d/g)).toHaveLength(3);
  expect(html.match(/\d [sm][^<]* old/g)).toHaveLength(4);
});

test('what cannot be known is called unknown, never 0', async () => {
  const text = textOf(
    await drawn(
      <>
        <FiguresCard
          figures={figures({ waiting: null, oldest_waiting: null, failed_percent: null, busy: null, slots: null })}
          fleet={null}
        />
        <QueuesCard queues={[queueRow({ messages: null })]} total={1} />
      </>,
    ),
  );

  expect(text).toContain('Failed unknown');
  expect(text).toContain('Waiting unknown');
  expect(text).toContain('Busy slots unknown');
  expect(text.match(/unknown/g)).toHaveLength(4);
});

test('without a baseline it says so, and compares with nothing', async () => {
  const none = figures({ baseline_finished_per_min: null, baseline_failed_percent: null });

  expect(textOf(await drawn(<FiguresCard figures={none} fleet={null} />)).match(/no baseline yet/g)).toHaveLength(2);
});

test('cards without anything say what that means', async () => {
  const text = textOf(
    await drawn(
      <>
        <FailuresCard failures={[]} />
        <QueuesCard queues={[]} total={0} />
        <FleetCard workers={[]} fleet={fleetTotals([])} total={0} />
      </>,
    ),
  );

  expect(text).toContain('No task has failed in the last 24 hours');
  expect(text).toContain('No queue is known yet');
  expect(text).toMatch(/No worker/);
  // In its place before what it does has come.
  expect(text).toContain('Ask workers to announce themselves');
});

test('queues that grow stand first', async () => {
  const queues = [queueRow({ name: 'deep', messages: 900 }), queueRow({ name: 'grows', growing: true, messages: 5 })];

  const text = textOf(await drawn(<QueuesCard queues={queues} total={2} />));

  expect(text.indexOf('grows')).toBeLessThan(text.indexOf('deep'));
});

test('j and k stay within the rows of the page', () => {
  expect([stepWithin(3, -1, 1), stepWithin(3, 0, 1), stepWithin(3, 2, 1)]).toEqual([0, 1, 2]);
  expect([stepWithin(3, -1, -1), stepWithin(3, 1, -1), stepWithin(3, 0, -1)]).toEqual([2, 0, 0]);
  expect(stepWithin(0, -1, 1)).toBe(-1);
});

test('workers by node: those of one host together, whatever their names begin with', () => {
  const names = ['mail@box-1.eu', 'images@box-1.eu', 'celery@box-2.eu'];

  const nodes = nodesOf(names.map((hostname) => workerRow({ hostname })));

  expect([...nodes.values()]).toEqual(['box-1.eu', 'box-1.eu', 'box-2.eu']);
});
