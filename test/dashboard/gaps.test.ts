// What was missed while nobody listened, counted by the heartbeats of the workers; and the ends that are looked up afterwards.
// With real workers and a real Redis: test/fault/slow-dashboard.test.ts.
import { expect, test } from 'vitest';
import { backfill } from '../../server/dashboard/cluster/backfill.ts';
import { Gaps } from '../../server/dashboard/cluster/gaps.ts';
import type { Heard } from '../../server/dashboard/history/contract.ts';
import type { ResultMeta } from '../../server/protocol/result-meta.ts';
import { ClusterState } from '../../shared/events/cluster-state.ts';
import { EventEdge } from '../../shared/events/edge.ts';
import { createMasking } from '../../shared/masking.ts';

const NOBODY: ReadonlySet<string> = new Set();

/** A worker that has begun `processed` tasks; what it tells of them is up to the test. */
function worker(gaps: Gaps, hostname = 'w1', pid = 1) {
  let n = 0;
  return {
    beat: (processed: number) => gaps.take({ type: 'worker-heartbeat', hostname, pid, processed }),
    tells(tasks: number) {
      for (let i = 0; i < tasks; i++) {
        const uuid = `${hostname}-${++n}`;
        for (const type of ['task-received', 'task-started', 'task-succeeded']) gaps.take({ type, hostname, uuid });
      }
    },
  };
}

test('tasks begun unseen are counted by what their worker has processed, three events each', () => {
  const gaps = new Gaps();
  const w = worker(gaps);
  w.beat(1000); // before anybody listened
  w.tells(50);
  w.beat(1050);
  gaps.open(100, 30, NOBODY);
  expect(gaps.list()).toMatchObject([{ since: 100, until: null, tasks: null, events: null }]);
  gaps.close(140);
  w.beat(1290);
  w.tells(10);
  w.beat(1300);
  gaps.startedAt('w1', 50, 141);
  expect(gaps.list()).toMatchObject([{ since: 100, until: 140, tasks: 240, events: 720, tasks_is: 'exact' }]);
  expect(gaps.finalize(142)).toBeNull();
  w.beat(1300);
  expect(gaps.finalize(143)).toMatchObject({ since: 100, until: 140, tasks: 240, events: 720 });
  expect(gaps.total).toEqual({ gaps: 1, tasks: 240, events: 720, seconds: 40 });
});

test('a worker that lost its own connection says goodbye, comes back, and is counted on', () => {
  const gaps = new Gaps();
  const w = worker(gaps);
  w.beat(50);
  gaps.open(100, 10, NOBODY);
  gaps.close(101);
  gaps.take({ type: 'worker-offline', hostname: 'w1', pid: 1 });
  w.beat(350);
  w.beat(350);
  w.beat(350);
  gaps.startedAt('w1', 20, 102);
  expect(gaps.finalize(103)).toMatchObject({ tasks: 300, events: 900 });
});

test('a worker that left is not waited for', () => {
  const gaps = new Gaps();
  worker(gaps, 'w2').beat(7);
  gaps.take({ type: 'worker-offline', hostname: 'w2', pid: 1 });
  gaps.open(0, 0, NOBODY);
  gaps.close(1);
  expect(gaps.finalize(2)).toMatchObject({ tasks: null, events: 0 });
});

test('events that wait in the worker when its heart beats are not taken for lost', () => {
  const gaps = new Gaps();
  const w = worker(gaps);
  w.tells(100);
  w.beat(103);
  w.tells(3);
  w.beat(103);
  w.beat(109);
  gaps.open(0, 10, NOBODY);
  gaps.close(1);
  w.tells(6);
  w.beat(112);
  w.tells(3);
  w.beat(112);
  w.beat(115);
  expect(gaps.finalize(3)).toMatchObject({ tasks: 0, events: 0 });
  expect(gaps.list()).toEqual([]);
});

test('a worker started anew meanwhile counts from zero; one whose tasks nobody tells counts not at all', () => {
  const gaps = new Gaps();
  const w = worker(gaps, 'w1', 1);
  const quiet = worker(gaps, 'w2', 2);
  w.tells(10);
  w.beat(10);
  quiet.beat(500);
  gaps.open(0, 1, new Set(['w2']));
  gaps.close(5);
  const anew = worker(gaps, 'w1', 3);
  for (let i = 0; i < 3; i++) {
    anew.beat(7);
    quiet.beat(900);
  }
  expect(gaps.finalize(6)).toMatchObject({ tasks: 7, events: 21 });
});

test('without heartbeats it is a guess by the rate before, and says so', () => {
  const gaps = new Gaps();
  gaps.open(100, 12, NOBODY);
  gaps.close(110);
  expect(gaps.finalize(111)).toMatchObject({ since: 100, until: 110, tasks: null, events: 120, events_is: 'about' });
});

test('a line that is lost again while the first loss is counted is one gap', () => {
  const gaps = new Gaps();
  const w = worker(gaps);
  w.tells(20);
  w.beat(20);
  gaps.open(100, 5, NOBODY);
  gaps.close(101);
  w.beat(30);
  gaps.open(103, 5, NOBODY);
  gaps.close(104);
  for (let i = 0; i < 3; i++) w.beat(45);
  gaps.startedAt('w1', 50, 105);
  expect(gaps.finalize(105)).toMatchObject({ since: 100, until: 104, tasks: 25, events: 75 });
  expect(gaps.past).toHaveLength(1);
});

/** What the process before has heard, and how far. */
function heardBefore(): Heard {
  const gaps = new Gaps();
  const [w1, w2] = [worker(gaps, 'w1', 1), worker(gaps, 'w2', 2)];
  w1.beat(1000); // before anybody listened
  w1.tells(50);
  w1.beat(1050);
  w2.tells(5);
  w2.beat(7);
  return { at: 100, rate: 12, knewAll: true, workers: gaps.heard(['w1', 'w2', 'never-seen'], NOBODY) };
}

test('a gap over a restart is counted by what each worker had begun when it was last heard', () => {
  const gaps = new Gaps();
  gaps.resume(heardBefore());
  expect(gaps.current).toMatchObject({ since: 100, until: null, events: null, cause: 'not-running' });
  expect(gaps.list()).toEqual([]);
  gaps.close(160);
  const [w1, w2] = [worker(gaps, 'w1', 1), worker(gaps, 'w2', 2)];
  w1.tells(3);
  w1.beat(1293);
  w2.beat(17);
  for (let i = 0; i < 2; i++) {
    w1.beat(1293);
    w2.beat(17);
  }
  for (const name of ['w1', 'w2']) gaps.startedAt(name, 20, 161);
  expect(gaps.finalize(163)).toEqual({
    since: 100,
    until: 160,
    tasks: 250,
    tasks_is: 'exact',
    events: 750,
    events_is: 'about',
    cause: 'not-running',
  });
  // The next process goes on from here.
  expect(gaps.heard(['w1', 'w2'], NOBODY)).toEqual([
    { hostname: 'w1', pid: 1, begun: 1293, eventsDisabled: false, left: false },
    { hostname: 'w2', pid: 2, begun: 17, eventsDisabled: false, left: false },
  ]);
});

test('a worker that ended in a gap over a restart makes it at least; one that came in it counts from zero', () => {
  const gaps = new Gaps();
  gaps.resume(heardBefore());
  gaps.close(160);
  const [w1, anew] = [worker(gaps, 'w1', 9), worker(gaps, 'w3', 3)];
  for (let i = 0; i < 3; i++) {
    w1.beat(20);
    anew.beat(40);
  }
  expect(gaps.finalize(170)).toBeNull();
  expect(gaps.finalize(181)).toMatchObject({ tasks: 60, tasks_is: 'at_least', events: 180, events_is: 'at_least' });
});

test('a gap over a restart after which nobody tells is unknown, not nothing', () => {
  const gaps = new Gaps();
  gaps.resume(heardBefore());
  gaps.close(160);
  expect(gaps.finalize(181)).toMatchObject({ tasks: null, events: null });
  expect(gaps.past).toHaveLength(1);
});

test('a restart in which no worker began a task is no gap; one that left is not waited for, nor one whose tasks nobody tells', () => {
  const before = new Gaps();
  const [w1, w2, w3] = [worker(before, 'w1', 1), worker(before, 'w2', 2), worker(before, 'w3', 3)];
  for (const w of [w1, w2, w3]) w.beat(10);
  before.take({ type: 'worker-offline', hostname: 'w2', pid: 2 });
  const gaps = new Gaps();
  gaps.resume({ at: 100, rate: 0, knewAll: true, workers: before.heard(['w1', 'w2', 'w3'], new Set(['w3'])) });
  gaps.close(110);
  for (let i = 0; i < 3; i++) worker(gaps, 'w1', 1).beat(10);
  expect(gaps.finalize(111)).toMatchObject({ tasks: 0, events: 0 });
  expect(gaps.list()).toEqual([]);
});

/** The next process, after one that heard what `gaps` has. */
function nextAfter(gaps: Gaps, eventsDisabled: ReadonlySet<string> = NOBODY, knewAll = true): Gaps {
  const next = new Gaps();
  next.resume({ at: 100, rate: 0, knewAll, workers: gaps.heard(gaps.changed(), eventsDisabled) });
  next.close(110);
  return next;
}

test('a task heard to begin after the last heartbeat is not begun unseen for the next process', () => {
  const before = new Gaps();
  const w = worker(before);
  w.beat(100);
  before.changed(); // kept
  w.tells(1);
  const gaps = nextAfter(before);
  for (let i = 0; i < 3; i++) worker(gaps).beat(101);
  expect(gaps.finalize(111)).toMatchObject({ tasks: 0, events: 0, tasks_is: 'exact' });
});

test('a worker heard by its tasks alone is no newcomer of the gap: what it began in it is unknown, not all it ever began', () => {
  const before = new Gaps();
  worker(before, 'w1').tells(1);
  worker(before, 'w2').beat(10);
  const gaps = nextAfter(before);
  for (let i = 0; i < 3; i++) {
    worker(gaps, 'w1').beat(500);
    worker(gaps, 'w2').beat(17);
  }
  gaps.startedAt('w2', 20, 111);
  expect(gaps.finalize(111)).toMatchObject({ tasks: 7, tasks_is: 'at_least' });
});

test('a worker that sends no task events misses none over a restart, nor when it is started anew', () => {
  const before = new Gaps();
  worker(before, 'w1', 1).beat(500);
  worker(before, 'w2', 2).beat(500);
  const gaps = nextAfter(before, new Set(['w1', 'w2']));
  for (let i = 0; i < 3; i++) {
    worker(gaps, 'w1', 1).beat(900);
    worker(gaps, 'w2', 3).beat(40);
  }
  expect(gaps.finalize(111)).toMatchObject({ tasks: null, events: 0 });
});

test('after a process that had not listened long enough to know all workers, one nobody knows is not taken for new', () => {
  const before = new Gaps();
  worker(before, 'w1').beat(10);
  const gaps = nextAfter(before, NOBODY, false);
  for (let i = 0; i < 3; i++) {
    worker(gaps, 'w1').beat(10);
    worker(gaps, 'w2').beat(900);
  }
  expect(gaps.finalize(111)).toMatchObject({ tasks: 0, events: 0 });
});

test.each([
  ['over a restart', (gaps: Gaps) => nextAfter(gaps)],
  [
    'in one process',
    (gaps: Gaps) => {
      gaps.open(100, 0, NOBODY);
      gaps.close(110);
      return gaps;
    },
  ],
])('a new worker with the pid of the one before counts from zero when it says how long it runs: %s', (_, lose) => {
  const before = new Gaps();
  const first = worker(before, 'w1', 1);
  first.tells(50);
  first.beat(50);
  const gaps = lose(before);
  const second = worker(gaps, 'w1', 1);
  second.tells(4);
  second.beat(150);
  gaps.startedAt('w1', 90, 105); // an answer of before the gap's end says nothing
  expect(gaps.current).toMatchObject({ tasks: 96, tasks_is: 'at_least' });
  gaps.startedAt('w1', 104, 111);
  gaps.startedAt('w1', 104, 112);
  second.beat(150);
  second.beat(150);
  expect(gaps.finalize(113)).toMatchObject({ tasks: 146, tasks_is: 'at_least' });
  // And the next gap goes on from the new one's count.
  gaps.open(200, 0, NOBODY);
  gaps.close(201);
  for (let i = 0; i < 3; i++) second.beat(153);
  gaps.startedAt('w1', 104, 202);
  expect(gaps.finalize(203)).toMatchObject({ tasks: 3, tasks_is: 'exact' });
});

test.each([
  ['over a restart', (gaps: Gaps) => nextAfter(gaps)],
  [
    'in one process',
    (gaps: Gaps) => {
      gaps.open(100, 0, NOBODY);
      gaps.close(110);
      return gaps;
    },
  ],
])(
  'a worker that goes on from a higher count and never says how long it runs is counted as at least: %s',
  (_, lose) => {
    const before = new Gaps();
    const first = worker(before, 'w1', 1);
    first.tells(50);
    first.beat(50);
    const gaps = lose(before);
    // It may be a new process with the pid of the one before, which has begun 150 and not 100.
    const second = worker(gaps, 'w1', 1);
    for (let i = 0; i < 5; i++) second.beat(150);
    expect(gaps.current).toMatchObject({ tasks: 100, tasks_is: 'at_least', events_is: 'at_least' });
    // Its answer is waited for, but not for ever.
    expect(gaps.finalize(120)).toBeNull();
    expect(gaps.finalize(131)).toMatchObject({ tasks: 100, tasks_is: 'at_least', events: 300, events_is: 'at_least' });
  },
);

test('a worker nobody knew that ran before the gap is not counted from zero', () => {
  const before = new Gaps();
  worker(before, 'w1').beat(10);
  const gaps = nextAfter(before);
  for (let i = 0; i < 3; i++) {
    worker(gaps, 'w1').beat(12);
    worker(gaps, 'w2').beat(900);
  }
  gaps.startedAt('w1', 20, 111);
  gaps.startedAt('w2', 20, 111);
  expect(gaps.finalize(112)).toMatchObject({ tasks: 2, tasks_is: 'at_least' });
});

test('ends that were missed are taken from the result store, running tasks first; what has ended or told since is left alone', async () => {
  const state = new ClusterState();
  const event = (type: string, uuid: string, timestamp: number) =>
    state.apply({ type, uuid, hostname: 'w1', timestamp, local_received: timestamp, clock: 1 });
  for (const uuid of ['waits', 'ok', 'bad', 'hushed', 'long', 'runs', 'later', 'ended'])
    event('task-received', uuid, 1);
  for (const uuid of ['ok', 'bad', 'hushed', 'long', 'runs', 'later']) event('task-started', uuid, 2);
  event('task-started', 'later', 50);
  event('task-succeeded', 'ended', 3);
  const meta = (task_id: string, status: string, result: unknown): ResultMeta => ({
    task_id,
    status,
    result,
    traceback: status === 'FAILURE' ? 'Traceback ...' : null,
    children: null,
    date_done: '1970-01-01T00:00:20.500000',
  });
  const text = 'x'.repeat(4 * 1024 * 1024);
  const failed = (message: string) => ({ exc_type: 'ValueError', exc_message: [message], exc_module: 'builtins' });
  const stored = new Map([
    ['ok', meta('ok', 'SUCCESS', { n: [1, true, null] })],
    ['bad', meta('bad', 'FAILURE', failed('no'))],
    ['hushed', meta('hushed', 'SUCCESS', { token: 'hunter2', shop_code: 'hunter2' })],
    [
      'long',
      {
        ...meta('long', 'FAILURE', failed(`password=hunter2 ${text}`)),
        traceback: `token=hunter2 ${text}`,
        name: text,
      },
    ],
    ['runs', { ...meta('runs', 'PROGRESS', 5), date_done: null }],
  ]);
  const asked: string[] = [];
  const ask = async (ids: readonly string[]) => {
    asked.push(...ids);
    return stored;
  };
  const masking = createMasking(['^shop_code$']);
  const edge = new EventEdge({ mask: masking.text, maskValue: masking.value });
  const found = await backfill({ tasks: state.tasks.values(), before: 10, now: 60, edge, ask });
  for (const one of found) state.apply(one);

  expect(asked).toEqual(['ok', 'bad', 'hushed', 'long', 'runs', 'waits']);
  const seen = (uuid: string) => state.tasks.get(uuid);
  expect(seen('ok')).toMatchObject({
    state: 'SUCCESS',
    succeeded: 20.5,
    result: "{'n': [1, True, None]}",
    worker: 'w1',
  });
  expect(seen('bad')).toMatchObject({ state: 'FAILURE', exception: "ValueError('no')", traceback: 'Traceback ...' });
  // As the events that were missed would have been: by the masks of this dashboard, and no longer than the edge lets in.
  expect(seen('hushed')).toMatchObject({ result: "{'token': '********', 'shop_code': '********'}", succeeded: 20.5 });
  expect(seen('long')).toMatchObject({ exception: expect.stringMatching(/^ValueError\('password=\*+ x+\.\.\.$/) });
  expect(JSON.stringify([...state.tasks.values()])).not.toContain('hunter2');
  expect(JSON.stringify(seen('long')).length).toBeLessThan(400_000);
  expect([seen('runs'), seen('waits'), seen('later')].map((t) => t?.state)).toEqual(['STARTED', 'RECEIVED', 'STARTED']);
});
