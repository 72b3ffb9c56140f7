// The parts of one task and of an operation as they are drawn: what stands first, what is said of what is unknown, what links where.
// Product: web/src/tasks/task-detail.tsx and its parts, web/src/audit/audit-row.tsx.

import { expect, test } from 'vitest';
import type { OperationRecord } from '../../shared/wire/operations.ts';
import type { TaskDetail, TaskRow } from '../../shared/wire/tasks.ts';
import type { WaitReason } from '../../shared/wire/wait.ts';
import type { WorkflowNode } from '../../shared/wire/workflows.ts';
import { drawn, liveOf, textOf } from './support/drawn.tsx';

const { AuditTable } = await import('../../web/src/audit/audit-table.tsx');
const { AgainstSuccess } = await import('../../web/src/tasks/against-success.tsx');
const { SelectionBar } = await import('../../web/src/tasks/bulk-actions.tsx');
const { ofRow } = await import('../../web/src/tasks/known-task.ts');
const { TaskBody } = await import('../../web/src/tasks/task-detail.tsx');
const { WhyWaits } = await import('../../web/src/tasks/why-waits.tsx');
const { Age } = await import('../../web/src/ui/time.tsx');
const { fullName } = await import('../../web/src/workflows/node-words.tsx');

const NOW = Date.now() / 1000;
const row = (change: Partial<TaskRow> = {}): TaskRow => ({
  uuid: '11111111-2222-3333-4444-555555555555',
  name: 'shop.orders.charge',
  state: 'FAILURE',
  worker: 'w1@host',
  queue: 'celery',
  args: '(4711,)',
  kwargs: '{}',
  result: null,
  exception: "ReadTimeout('Read timed out.')",
  retries: 0,
  runtime: null,
  eta: null,
  expires: null,
  sent: NOW - 20,
  received: NOW - 19,
  started: NOW - 18,
  succeeded: null,
  failed: NOW - 10,
  retried: null,
  revoked: null,
  rejected: null,
  timestamp: NOW - 10,
  first_seen: NOW - 20,
  root_id: null,
  parent_id: null,
  ...change,
});
const yes = { allowed: true, reason: null };
const detail = (change: Partial<TaskDetail> = {}): TaskDetail => ({
  ...ofRow(row(change), ''),
  traceback:
    'Traceback (most recent call last):\n  File "/app/tasks.py", line 3, in charge\n    pay()\nReadTimeout: Read timed out.',
  actions: { revoke: yes, terminate: yes, retry: yes },
  ...change,
});
const page = (task: TaskDetail, live = liveOf()) =>
  drawn(<TaskBody id={task.uuid} page />, [[['task', task.uuid], task]], live);

test('a failed task begins with what was raised and its traceback, its life and arguments after it', async () => {
  const text = textOf(await page(detail()));

  const places = ['ReadTimeout Read timed out.', 'Traceback', 'tasks.py', 'Timeline', 'Arguments', 'Details'].map(
    (words) => text.indexOf(words),
  );
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test('a difference to a success is called chance only where there are enough to tell', async () => {
  const said = async (successes: number) => {
    const difference = {
      name: 'args[0]',
      here: 'None',
      there: "'14'",
      in_failures: 5,
      in_successes: 0,
      telling: false,
    };
    const found = { success: row({ state: 'SUCCESS' }), differences: [difference], same: 2, failures: 5, successes };
    return textOf(await drawn(<AgainstSuccess task={row()} />, [[['comparison', row().uuid], found]]));
  };
  expect(await said(2)).toContain('too few to tell: in 5 of 5 failures, 0 of 2 successes');
  expect(await said(9)).toContain('no pattern: in 5 of 5 failures, 0 of 9 successes');
});

test('sending again is the filled button of what failed, and of nothing that succeeded', async () => {
  expect(await page(detail())).toMatch(/class="btn primary"[^>]*>.{0,400}?Retry/);
  expect(await page(detail({ state: 'SUCCESS', exception: null, traceback: null }))).not.toContain('btn primary');
});

test('nothing is offered to a server that does not answer, and none is sent to it by a selection', async () => {
  const lost = liveOf({ connection: { mode: 'lost', retryAt: 0, since: 0 }, heardAt: (NOW - 60) * 1000 });
  const off = (verb: string) => new RegExp(`aria-disabled="true"[^>]*>(?:(?!</button>).)*${verb}`);
  const html = await page(detail(), lost);
  for (const verb of ['Retry', 'Revoke', 'Terminate']) expect(html).toMatch(off(verb));
  const nobody = () => {};
  const operation = { isIdle: true, isPending: false } as never;
  const bar = { rows: [row()], operation, busy: false, everything: null, onVerb: nobody, onClear: nobody };
  expect(await drawn(<SelectionBar {...bar} />, [], lost)).toMatch(off('Retry'));
  expect(await drawn(<SelectionBar {...bar} />)).not.toMatch(off('Retry'));
});

test('a task of which only the row is known shows it at once, and offers nothing yet', async () => {
  const html = await drawn(<TaskBody id={row().uuid} row={row()} />);

  expect(textOf(html)).toContain('ReadTimeout Read timed out.');
  expect(textOf(html)).toContain('4711');
  expect(html.match(/aria-disabled="true"/g)!.length).toBeGreaterThanOrEqual(3);
});

test('a task whose worker fell silent is unknown since then, and cannot be terminated', async () => {
  const html = await page(
    detail({ state: 'STARTED', exception: null, failed: null, traceback: null, unknown_since: NOW - 15 }),
  );

  expect(textOf(html)).toContain('unknown since');
  expect(textOf(html)).toMatch(/known for 5 s|known for 5\.00 s/);
  expect(html).toMatch(/aria-disabled="true"[^>]*>(?:(?!<\/button>).)*Terminate/);
});

test('an ETA is shown in the zone of the page, whatever the offset of the sender', async () => {
  const at = Math.floor(NOW) + 86_400 * 3;
  const iso = (hours: number) => new Date((at + hours * 3600) * 1000).toISOString().replace('Z', `+0${hours}:00`);
  const shown = async (eta: string) =>
    /ETA<\/dt><dd><time dateTime="([^"]+)"[^>]*>([^<]+)/
      .exec(
        await page(detail({ state: 'RECEIVED', exception: null, traceback: null, started: null, failed: null, eta })),
      )!
      .slice(1);
  expect(await shown(iso(1))).toEqual(await shown(iso(5)));
  expect((await shown(iso(2)))[1]).toContain(`${new Date(at * 1000).getDate()}, `);
});

const wait: WaitReason = {
  task_id: 'a',
  cause: 'slots' as never,
  sentence: 'Waits for a free slot: all 4 slots of w1@host are busy, and 3 tasks go before it.',
  evidence: [
    { question: 'Expired?', finding: 'no expiry is known', source: 'events', known_at: NOW - 92, answer: 'no' },
    {
      question: 'Is it held by a worker?',
      finding: 'all 4 slots are busy',
      source: 'active',
      known_at: NOW,
      answer: 'yes',
    },
    { question: 'Do others go before it?', finding: 'not looked at', source: null, known_at: null, answer: 'skipped' },
  ],
  place: { n: 4, is: 'at_least' },
  ahead: null,
  starts_in: null,
  until: null,
  holders: [
    { uuid: 'b', name: 'shop.slow', worker: 'w1@host', started: NOW - 60, baseline_p95: 30 },
    { uuid: 'c', name: 'shop.new', worker: 'w1@host', started: NOW - 50, baseline_p95: null },
  ],
  holders_total: { n: 5, is: 'exact' },
  worker: 'w1@host',
  queue: 'celery',
  may_still_run: true,
  would_double: 'It may still run. Sent again, it would run twice.',
  remedy: {
    text: 'With 3 more slots w1@host starts it at once.',
    href: '/workers/w1@host?tab=pool',
    grow: { worker: 'w1@host', slots: 3 },
  },
  at: NOW,
  oldest: NOW - 92,
};

test('why it waits: the sentence first, then what would be doubled, the evidence with its ages, and what helps', async () => {
  const html = await drawn(<WhyWaits wait={wait} started={false} />);
  const text = textOf(html);

  for (const words of [
    'Waits for a free slot',
    'Place at least 4',
    'Sent again, it would run twice',
    'no expiry is known',
    'not looked at: the cause above is enough',
    'and 3 more',
    'Add 3 slots',
    ', p95 30 s',
    ', no baseline yet',
  ])
    expect(text).toContain(words);
  expect(text).toMatch(/events 1 m \d+ s/);
  expect(html).toContain('href="/workers/w1@host?tab=pool"');
  expect(html).toMatch(/data-answer="yes"(?:(?!<\/li>).)*all 4 slots are busy/);
});

const record: OperationRecord = {
  id: 7,
  at: NOW,
  who: 'ada',
  action: 'rate_limit',
  subject: 'shop.pay at 6/m',
  request: { action: 'rate_limit', task_name: 'shop.pay', rate_limit: '6/m', destination: ['w1@host'] },
  outcome: 'ok',
  summary: '1 of 1 worker answered',
  answers: [{ worker: 'w1@host', ok: true, text: 'done' }],
  effect: {
    state: 'not_seen',
    sentence: 'shop.pay ran 28 times a minute.',
    lines: [
      {
        label: 'Runs a minute',
        subject: 'shop.pay',
        before: 90,
        wanted: 6,
        after: 28,
        is: 'about',
        at: NOW,
        holds: false,
      },
      {
        label: 'Rate limit',
        subject: null,
        before: null,
        wanted: '6/m',
        after: null,
        is: 'exact',
        at: null,
        holds: null,
      },
    ],
    tasks: null,
    at: NOW,
    until: NOW + 60,
  },
};
const audit = (one: OperationRecord) =>
  drawn(<AuditTable records={[one]} open={String(one.id)} cursor={null} onCursor={() => {}} onToggle={() => {}} />);

test('an operation links who, the task, the worker, and says what is seen of it since', async () => {
  const html = await audit(record);
  const text = textOf(html);

  expect(html).toMatch(/href="\/workers\/w1(@|%40)host"/);
  expect(html).toMatch(/href="\/audit\?[^"]*who=ada/);
  expect(text).toContain('ada - rate_limit shop.pay at 6/m on w1@host');
  expect(text).toContain('not seen');
  expect(text).toContain('Runs a minute shop.pay 90 6 about 28 no');
  expect(text).toContain('Rate limit unknown 6/m not measured yet too early to say');
});

test('an operation on tasks says from where it was asked, and what the tasks are called', async () => {
  const request = { action: 'revoke', task_ids: ['11111111-2222-3333-4444-555555555555'] };
  const one = { ...record, action: 'revoke', request, address: '::ffff:10.0.0.7', task_name: 'shop.pay' };
  const html = await audit(one);
  expect(textOf(html)).toMatch(/ada 10\.0\.0\.7 revoke 11111111 of shop\.pay/);
  expect(html).toContain('name%3A%22shop.pay%22');
  const moved = { action: 'move', queue: 'mail', to: 'slow', task_ids: ['a', 'b'] };
  expect(textOf(await audit({ ...record, request: moved }))).toContain('2 tasks from mail to slow');
});

test('an operation whose request is of another version still has its row', async () => {
  expect(textOf(await audit({ ...record, request: 'odd', effect: null }))).toContain(
    'ada - rate_limit shop.pay at 6/m',
  );
});

test('an instant that no calendar has takes nothing away', async () => {
  for (const at of [1e300, Number.NaN, Number.POSITIVE_INFINITY])
    expect(textOf(await drawn(<Age at={at} />))).toContain('-');
});

test('a part of a group is named once, with its arguments where they are known', () => {
  const part = { name: 'shop.render', group: 'g', call: null } as WorkflowNode;
  expect(fullName(part)).toBe('render');
  expect(fullName({ ...part, call: '640, 480' })).toBe('render 640, 480');
});
