// What the pages of tasks and of the audit make of what they know: chips that have room, counts and how sure they are, a row beside its
// detail, a selection, progress, what an operation was about. Product: web/src/tasks, web/src/audit.
import { describe, expect, it } from 'vitest';
import type { ResultReply } from '../../shared/wire/task-values.ts';
import type { Progress, TaskDetail, TaskPage, TaskRow } from '../../shared/wire/tasks.ts';
import { onWhat } from '../../web/src/audit/on-what.ts';
import { refusal } from '../../web/src/tasks/applies.ts';
import { chipWidth, fitChips } from '../../web/src/tasks/chip-room.ts';
import { ofRow, withLive } from '../../web/src/tasks/known-task.ts';
import { addStep, addToWay, endsIn, ofStored, otherMeta, share, unitOf } from '../../web/src/tasks/progress.ts';
import { allOf, chosenRows, inParts, NONE, toggled } from '../../web/src/tasks/selection.ts';
import { formatLoaded, formatTotal, listOf, sureness } from '../../web/src/tasks/task-list.ts';
import { nextTry, timelineOf } from '../../web/src/tasks/timeline.ts';

const row = (uuid: string, change: Partial<TaskRow> = {}): TaskRow => ({
  uuid,
  name: 'shop.pay',
  state: 'STARTED',
  worker: 'w1@host',
  queue: 'celery',
  args: '(1,)',
  kwargs: '{}',
  result: null,
  exception: null,
  retries: 0,
  runtime: null,
  eta: null,
  expires: null,
  sent: 1,
  received: 2,
  started: 3,
  succeeded: null,
  failed: null,
  retried: null,
  revoked: null,
  rejected: null,
  timestamp: 3,
  first_seen: 1,
  root_id: null,
  parent_id: null,
  ...change,
});

describe('state chips', () => {
  const states = ['FAILURE', 'RETRY', 'STARTED', 'RECEIVED', 'PENDING', 'SUCCESS', 'REVOKED', 'PROGRESS'];
  const chips = (width: number, ...chosen: string[]) => fitChips(states, new Set(chosen), () => 5, 5, width);

  it('are all there when there is room', () => {
    expect(chips(2000)).toEqual({ shown: states, folded: [] });
  });

  it.each([0, 1, 320, 360, 500, 632, 700, 900, 1000])('never hide what is chosen, at %i px', (width) => {
    for (const state of states) {
      const { shown, folded } = chips(width, state, 'REVOKED');
      expect(shown).toContain(state);
      expect(shown).toContain('REVOKED');
      expect([...shown, ...folded].sort()).toEqual([...states].sort());
    }
  });

  it('fold from the end, in their order, and fit', () => {
    const { shown, folded } = chips(632);
    expect([...shown, ...folded]).toEqual(states);
    expect(folded.length).toBeGreaterThan(0);
    expect(shown.reduce((sum, state) => sum + chipWidth(state, 5), 0)).toBeLessThan(632);
  });
});

describe('counts', () => {
  const page = (change: Partial<TaskPage>): TaskPage => ({
    items: [row('a'), row('b'), row('c'), row('d')],
    next: null,
    counts: { SUCCESS: 10_000, FAILURE: 4 },
    counts_capped: true,
    total: 10_004,
    ...change,
  });

  it('say at least where counting stopped, also in a sum', () => {
    const list = listOf(page({}));
    expect(sureness(list, 'SUCCESS')).toBe('at_least');
    expect(sureness(list, 'FAILURE')).toBe('exact');
    expect(formatTotal(list)).toBe('at least 10.0k');
    expect(formatLoaded(list)).toBe('4 tasks loaded of at least 10.0k');
  });

  it('go by what the server says of each', () => {
    const list = listOf(page({ counts_are: { SUCCESS: 'exact', FAILURE: 'at_least' }, total_is: 'about' }));
    expect(sureness(list, 'SUCCESS')).toBe('exact');
    expect(sureness(list, 'FAILURE')).toBe('at_least');
    expect(formatTotal(list)).toBe('about 10.0k');
  });

  it('never claim that more are loaded than there are', () => {
    expect(formatLoaded(listOf(page({ counts: { STARTED: 3 }, counts_capped: false, total: 3 })))).toBe(
      '4 tasks shown, 3 match now',
    );
  });
});

describe('what is known of a task', () => {
  const detail = (change: Partial<TaskDetail> = {}): TaskDetail => ({
    ...ofRow(row('a'), ''),
    traceback: 'T',
    ...change,
  });

  it('is its row until the whole of it is read, and nothing can be done meanwhile', () => {
    const task = ofRow(row('a', { exception: "ValueError('x')" }), 'The dashboard server cannot be reached');
    expect(task).toMatchObject({ partial: true, state: 'STARTED', exception: "ValueError('x')" });
    expect(task.actions.terminate).toEqual({ allowed: false, reason: 'The dashboard server cannot be reached' });
  });

  it('is what the live feed knows better', () => {
    const task = withLive(detail(), row('a', { state: 'SUCCESS', timestamp: 9 }));
    expect(task).toMatchObject({ state: 'SUCCESS', traceback: 'T' });
    expect(withLive(detail({ timestamp: 10 }), row('a', { state: 'SUCCESS', timestamp: 9 })).state).toBe('STARTED');
  });

  it('keeps its whole texts when a row brings only their beginnings', () => {
    const whole = `('${'x'.repeat(5000)}',)`;
    const task = withLive(
      detail({ args: whole }),
      row('a', { timestamp: 9, args: whole.slice(0, 2000), cut: ['args'] }),
    );
    expect(task.args).toBe(whole);
    expect(task.cut).toBeUndefined();
  });

  it('is no longer unknown once its worker is heard again', () => {
    expect(withLive(detail({ unknown_since: 5 }), row('a', { timestamp: 9 })).unknown_since).toBeUndefined();
  });
});

describe('a task whose worker fell silent', () => {
  const gone = row('a', { unknown_since: 100 });

  it('ends its timeline when its worker was last heard, and does not run on', () => {
    const line = timelineOf({ ...gone, baseline_p95: null }, 5000);
    expect(line.points.at(-1)).toMatchObject({ label: 'Unknown', at: 100 });
    expect(line.gaps.at(-1)).toMatchObject({ open: false, seconds: 97 });
  });

  it('cannot be terminated, and can be sent again', () => {
    expect(refusal('terminate', gone)).toMatch(/worker is gone/);
    expect(refusal('retry', gone)).toBeNull();
    expect(refusal('retry', row('a'))).toMatch(/not finished/);
  });

  it('is not revoked twice', () => {
    expect(refusal('revoke', row('a', { revoke_asked: 5 }))).toMatch(/It is revoked/);
  });
});

describe('tries', () => {
  const tried = (number: number, started: number | null) => ({
    number,
    state: 'RETRY',
    worker: null,
    received: null,
    started,
    ended: null,
    exception: null,
    traceback: null,
  });

  it('each say when the next began, or is due', () => {
    const task = {
      ...ofRow(row('a'), ''),
      retries: 2,
      eta: '2026-11-28T01:00:00+00:00',
      tries: [tried(0, 1), tried(1, 50)],
    };
    expect(nextTry(task, 0)).toEqual({ started: 50, eta: null });
    expect(nextTry(task, 1)).toEqual({ started: null, eta: '2026-11-28T01:00:00+00:00' });
    expect(nextTry(task, 2)).toEqual({ started: null, eta: null });
  });
});

describe('a selection', () => {
  const rows = ['a', 'b', 'c', 'd'].map((id) => row(id));

  it('takes one, a range, and gives one back', () => {
    const one = toggled(NONE, rows, rows[1]!, null);
    const range = toggled(one, rows, rows[3]!, 'b');
    expect([...range.keys()]).toEqual(['b', 'c', 'd']);
    expect([...toggled(range, rows, rows[2]!, null).keys()]).toEqual(['b', 'd']);
  });

  it('knows of what the list has not loaded, and of what it has the newest', () => {
    const beyond = allOf([row('a'), row('z')]);
    const fresh = row('a', { state: 'SUCCESS' });
    expect(chosenRows(beyond, [fresh]).map((r) => [r.uuid, r.state])).toEqual([
      ['a', 'SUCCESS'],
      ['z', 'STARTED'],
    ]);
  });

  it('goes out in parts of what one request takes', () => {
    expect(inParts([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(inParts([], 2)).toEqual([]);
  });
});

describe('progress', () => {
  const at = (current: number | null, total: number | null, changed = 0, meta: unknown = {}): Progress => ({
    task_id: 'a',
    state: 'PROGRESS',
    current,
    total,
    meta,
    asked: changed,
    changed,
    reason: null,
  });

  it.each([
    [412, 640, 412 / 640],
    [7, 5, 1],
    [0, 5, 0],
    [1, 0, null],
    [-1, 5, null],
    [null, 5, null],
    [5, null, null],
  ])('of %s of %s is %s', (current, total, part) => {
    expect(share(at(current, total))).toBe(part);
  });

  it('ends in a range between its pace so far and of late', () => {
    let steps = addStep([], at(100, 400, 100));
    steps = addStep(steps, at(200, 400, 110));
    expect(steps).toHaveLength(2);
    expect(addStep(steps, at(200, 400, 115))).toBe(steps);
    // 200 in 110 s since it started, 100 in the last 10 s.
    const end = endsIn(at(200, 400, 110), steps, 0, 110)!;
    expect([end.from, end.to]).toEqual([20, 110]);
  });

  it('says no end of what stands still or is done', () => {
    expect(endsIn(at(0, 400, 1), [{ at: 1, current: 0 }], 0, 50)).toBeNull();
    expect(endsIn(at(400, 400, 1), [], 0, 50)).toBeNull();
  });

  it('begins anew when it falls back', () => {
    expect(addStep([{ at: 1, current: 90 }], at(3, 100, 5))).toEqual([{ at: 5, current: 3 }]);
  });

  it('has a way from its start on, which gets thinner with its length, and begins anew when it falls back', () => {
    let way = addToWay([], at(5, 400, 100), 90);
    expect(way).toEqual([
      { at: 90, current: 0 },
      { at: 100, current: 5 },
    ]);
    expect(addToWay(way, at(5, 400, 101), 90)).toBe(way);
    for (let n = 6; n <= 399; n++) way = addToWay(way, at(n, 400, 95 + n), 90);
    expect(way.length).toBeLessThanOrEqual(120);
    expect([way[0], way.at(-1)]).toEqual([
      { at: 90, current: 0 },
      { at: 494, current: 399 },
    ]);
    expect(addToWay(way, at(3, 400, 500), 90)).toEqual([{ at: 500, current: 3 }]);
  });

  it('is read out of the result store, and changes when what is stored does', () => {
    const reply = (status: string, result: unknown): ResultReply => ({
      task_id: 'a',
      found: true,
      reason: null,
      status,
      result,
      size: 1,
      cut: false,
      traceback: null,
      date_done: null,
    });
    const first = ofStored(reply('PROGRESS', { current: 4, total: 400, phase: 2n ** 64n }), 10, null)!;
    expect(first).toMatchObject({ state: 'PROGRESS', current: 4, total: 400, changed: 10, asked: 10 });
    const same = ofStored(reply('PROGRESS', { current: 4, total: 400, phase: 2n ** 64n }), 12, first)!;
    expect(same).toMatchObject({ changed: 10, asked: 12 });
    expect(ofStored(reply('PROGRESS', { current: 5, total: 400 }), 14, same)!.changed).toBe(14);
    expect(ofStored(reply('WARMING', 'half'), 14, null)).toMatchObject({ current: null, total: null, meta: 'half' });
    expect(ofStored(reply('STARTED', { pid: 1 }), 14, null)).toBeNull();
    expect(ofStored({ ...reply('PROGRESS', {}), found: false }, 14, null)).toBeNull();
  });

  it('shows what else was stored', () => {
    expect(otherMeta({ current: 1, total: 2, phase: 'x' })).toEqual({ phase: 'x' });
    expect(otherMeta({ current: 1 })).toBeNull();
    expect(otherMeta('half way')).toBe('half way');
    expect(otherMeta({ current: 1, unit: 'pages' })).toBeNull();
    expect(otherMeta({ current: 1, unit: 7 })).toEqual({ unit: 7 });
    expect(unitOf({ unit: 'pages' })).toBe('pages');
    expect(unitOf('pages')).toBeNull();
  });
});

describe('what an operation was done to', () => {
  const said = (request: unknown) => onWhat({ request, subject: 'as the server says' });
  const links = (request: unknown) => said(request).filter((piece) => piece.kind !== 'words');

  it('names the task and the workers of a rate limit, each to be linked', () => {
    const request = { action: 'rate_limit', task_name: 'shop.pay', rate_limit: '6/m', destination: ['w1@a', 'w2@a'] };
    expect(links(request)).toEqual([
      { kind: 'name', text: 'shop.pay' },
      { kind: 'worker', text: 'w1@a' },
      { kind: 'worker', text: 'w2@a' },
    ]);
    expect(
      said(request)
        .map((piece) => piece.text)
        .join(''),
    ).toBe('shop.pay at 6/m on w1@a, w2@a');
  });

  it('says every worker where none is named, and no worker where the list is empty', () => {
    expect(said({ action: 'heartbeat' })).toEqual([{ kind: 'words', text: 'every worker' }]);
    expect(said({ action: 'heartbeat', destination: [] })).toEqual([{ kind: 'words', text: 'no worker' }]);
  });

  it('links the one task, and counts several', () => {
    expect(said({ action: 'retry', task_ids: ['t1'] })).toEqual([{ kind: 'task', text: 't1' }]);
    expect(said({ action: 'revoke', task_ids: ['t1', 't2'] })).toEqual([{ kind: 'words', text: '2 tasks' }]);
  });

  it('shows what it does not know as the server says it', () => {
    const line = [{ kind: 'words', text: 'as the server says' }];
    expect(said({ action: 'of another version' })).toEqual(line);
    expect(said(null)).toEqual(line);
    expect(said({ action: 'retry' })).toEqual(line);
  });
});
