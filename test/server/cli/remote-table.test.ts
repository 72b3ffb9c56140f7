// What workers answered as tables: aligned, within the width of the page, and nothing of it unsaid.
import { describe, expect, it } from 'vitest';
import type { Output } from '../../../server/cli/output.ts';
import { describeReplies } from '../../../server/cli/remote-table.ts';

const page = (width: number | null): Output => ({
  ...({ json: false, quiet: false, color: false } as const),
  width,
  ...{ line: () => {}, value: () => {}, note: () => {}, warn: () => {} },
  paint: (text) => text,
});
const show = (command: string, byNode: Record<string, unknown>, width: number | null = null) =>
  describeReplies({ command, byNode, now: 1000 }, page(width)).split('\n');
const info = (id: string, rest: object = {}) => ({
  id,
  name: 'app.add',
  args: [2, 3],
  kwargs: {},
  time_start: 990,
  ...rest,
});

describe('the replies of workers', () => {
  it('of all nodes stand in one table, by the name of the node, in columns as wide as their widest cell', () => {
    expect(show('active', { 'w2@host': [info('id-2')], 'w10@host': [info('id-100', { args: ['ž'] })] })).toEqual([
      'NODE      ID      NAME     RUNS FOR  ARGS',
      'w10@host  id-100  app.add  10.00 s   "ž"',
      'w2@host   id-2    app.add  10.00 s   2, 3',
    ]);
  });

  it('who has nothing to tell is named all the same', () => {
    expect(show('reserved', { a: [], b: [info('id-1', { kwargs: { k: 1 } })] })).toEqual([
      'NODE  ID         NAME     ARGS',
      'a     - empty -',
      'b     id-1       app.add  2, 3, k=1',
    ]);
  });

  it('a long value is cut with a mark where the page ends; ids and names never are', () => {
    const long = info('0123456789-0123456789-0123456789', { args: ['x'.repeat(500)], kwargs: { y: 'z'.repeat(500) } });
    for (const width of [80, 100, 200]) {
      const lines = show('active', { 'w1@host': [long] }, width);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width + 12);
      expect(lines[1]).toContain('0123456789-0123456789-0123456789');
      expect(lines[1]).toContain('…');
    }
    expect(show('active', { 'w1@host': [long] }, 200)[1]).toHaveLength(200);
    // A pipe has no width: a long value has an end all the same.
    expect(show('active', { 'w1@host': [long] })[1]!.length).toBeLessThan(220);
    const old = info('id', { args: "(1, 'x')", kwargs: "{'k': 1}" });
    expect(show('active', { a: [old, info('id', { args: '()', kwargs: '{}' })] }).slice(1)).toEqual([
      "a     id  app.add  10.00 s   (1, 'x') {'k': 1}",
      'a     id  app.add  10.00 s',
    ]);
  });

  it('a command that is no question is answered by OK or ERROR, and what was said', () => {
    const replies = {
      a: { ok: 'pool will grow' },
      b: { error: "ValueError('no')" },
      c: null,
      d: { error: { odd: [1] } },
    };
    expect(show('pool_grow', replies)).toEqual([
      'NODE  STATUS  REPLY',
      'a     OK      pool will grow',
      "b     ERROR   ValueError('no')",
      'c     OK',
      'd     ERROR   {"odd":[1]}',
    ]);
  });

  it('a worker whose Celery does not know the command is told from one that refuses', () => {
    const [, line] = show('revoke_by_stamped_headers', { a: { error: "KeyError('revoke_by_stamped_headers')" } });
    expect(line).toBe("a     ERROR   unknown command: this worker's Celery has no revoke_by_stamped_headers");
  });

  it('an error among answers stands below them', () => {
    expect(show('clock', { a: { clock: 7 }, b: { error: 'oops' } })).toEqual([
      ...['NODE  CLOCK', 'a     7', ''],
      ...['NODE  STATUS  REPLY', 'b     ERROR   oops'],
    ]);
  });

  it('text with lines of its own is kept as it is, below the name of its node', () => {
    expect(show('report', { a: { ok: '\nsoftware -> x\n            y\n' }, b: { error: 'oops' } })).toEqual([
      ...['->  a: OK', '    software -> x', '                y', ''],
      ...['->  b: ERROR', '    oops'],
    ]);
  });

  it('queues, settings, totals, scheduled and sought tasks have columns of their own', () => {
    const queue = { name: 'q', exchange: { name: 'e', type: 'topic' }, routing_key: 'k', durable: true };
    expect(show('active_queues', { a: [queue] })[1]).toBe('a     q      e         topic  k            yes');
    expect(show('conf', { a: { broker_url: 'redis://', x: { y: [1] } } }).slice(1)).toEqual([
      'a     broker_url  "redis://"',
      'a     x           {"y":[1]}',
    ]);
    expect(show('registered', { a: ['t [rate_limit=1/m]', 'u'] }).slice(1)).toEqual([
      'a     t     rate_limit=1/m',
      'a     u',
    ]);
    const held = { eta: '2026-01-02T03:04:05.678000+00:00', priority: 6, request: info('id-1') };
    expect(show('scheduled', { a: [held] })[1]).toBe('a     2026-01-02 03:04:05+00:00  id-1  app.add  2, 3');
    expect(show('query_task', { a: { 'id-1': ['reserved', info('id-1')] } })[1]).toBe(
      'a     reserved  id-1  app.add  2, 3',
    );
    const broker = { transport: 'redis', hostname: 'h', port: 6379, virtual_host: '/' };
    const stats = {
      ...{ total: { t: 3, u: 4 }, pid: 9, uptime: 61, prefetch_count: 8, broker },
      pool: { implementation: 'celery.concurrency.prefork:TaskPool', 'max-concurrency': 2 },
      rusage: { utime: 1, stime: 0.5, maxrss: 50_000 },
    };
    expect(show('stats', { a: stats })).toEqual([
      'NODE  POOL     AT A TIME  PREFETCH  RUN  UP       CPU     MEMORY  PID  BROKER',
      'a     prefork  2          8         7    1 m 1 s  1.50 s  51 MB   9    redis://h:6379/',
      '',
      ...['NODE  TASK  RUN', 'a     t     3', 'a     u     4'],
    ]);
    expect(show('stats', { a: { ...stats, pid: 123_456 } }, 80)[1]).toMatch(/123456 {2}redis:\/\/h:\S*…$/);
    expect(show('stats', { a: { ...stats, total: {}, rusage: 'N/A' } })).toHaveLength(2);
  });

  it('an answer of a form nobody expected is shown or left out, and breaks nothing', () => {
    for (const command of [
      'active',
      'scheduled',
      'query_task',
      'registered',
      'active_queues',
      'conf',
      'stats',
      'clock',
    ]) {
      for (const odd of [null, 'text', 5, [null, 'x', [1]], { x: null }, { x: [1] }, [{ request: 3 }]]) {
        const text = show(command, { 'w1@host': odd }).join('\n');
        expect(text, `${command} ${JSON.stringify(odd)}`).toContain('w1@host');
        expect(text).not.toContain('[object');
        expect(text).not.toMatch(/undefined|NaN/);
      }
    }
  });

  it('where there is colour, OK and ERROR have theirs, and the columns stay where they are', () => {
    const painted = describeReplies(
      { command: 'pool_grow', byNode: { a: null, b: { error: 'x' } }, now: 0 },
      { ...page(null), paint: (text, style) => `<${style}>${text}</>` },
    );
    expect(painted.split('\n')).toEqual([
      '<bold>NODE  STATUS  REPLY</>',
      'a     <green>OK</>',
      'b     <red>ERROR</>   x',
    ]);
  });

  it('what was sent cannot move the cursor or paint', () => {
    const text = show('active', { 'w1@host': [info('\x1b[31mred', { name: 'two\nlines' })] }).join('\n');
    expect(text).toContain('\\x1b[31mred');
    expect(text).toContain('two lines');
    expect(text).not.toContain('\x1b');
    expect(show('report', { '\x1b[2J': { ok: 'a\x1b[2Jb' } })).toEqual(['->  \\x1b[2J: OK', '    a\\x1b[2Jb']);
  });
});
