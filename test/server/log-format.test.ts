// What lines of the log look like, by worker_log_format, worker_task_log_format, worker_log_color and worker_log_secrets.
import { describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { createLogger, type LineSettings, LineStyle, type Logger } from '../../server/log.ts';
import { LOG_FORMAT, readFormat, TASK_LOG_FORMAT } from '../../server/log-format.ts';

const CELERYS = {
  ...{ worker_log_format: LOG_FORMAT, worker_task_log_format: TASK_LOG_FORMAT, worker_log_color: null },
  worker_log_secrets: false,
};

/** @returns what was written, without the date and time */
function linesOf(settings: Partial<LineSettings>, say: (log: Logger) => void): string[] {
  const lines: string[] = [];
  const style = LineStyle.of({ ...CELERYS, ...settings });
  say(createLogger({ level: 'DEBUG', name: 'MainProcess', style, write: (line) => lines.push(line) }));
  return lines.map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}/, 'NOW'));
}
const task = { name: 'shop.add', id: '4711' };

it('are Celery’s, those of tasks with name and id', () => {
  const lines = linesOf({}, (log) => {
    log.info('ready', { queues: 2 });
    log.child('ForkPoolWorker-1').child('shop.add[4711]', task).warning('so so');
  });
  expect(lines).toEqual([
    '[NOW: INFO/MainProcess] ready queues=2',
    '[NOW: WARNING/ForkPoolWorker-1] shop.add[4711]: so so',
  ]);
});

it('follow a format of one’s own, with Python’s widths, and errors stay below', () => {
  const settings = {
    worker_log_format: '%(levelname)-8s|%(levelno)5d|%(processName).4s|100%%|%(message)s',
    worker_task_log_format: '%(task_id)8s %(task_name)s %(name)s %(message)s',
  };
  const error = Object.assign(new Error('broken'), { stack: 'Error: broken\n    at here' });
  const lines = linesOf(settings, (log) => {
    log.info('text');
    log.error('told', { error });
    log.child('x', task).info('text');
  });
  expect(lines).toEqual([
    'INFO    |   20|Main|100%|text',
    'ERROR   |   40|Main|100%|told\n  Error: broken\n      at here',
    '    4711 shop.add celery.task text',
  ]);
});

it('are one JSON object each by the word json, with what they say of fields and errors', () => {
  const [plain, ofTask] = linesOf({ worker_log_format: 'json' }, (log) => {
    log.error('a "text"\nof two', { count: 2, error: new Error('broken'), level: 'mine', big: 1n });
    log.child('x', task).info('text');
  }).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(plain).toEqual({
    ...{
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'ERROR',
      process: 'MainProcess',
      message: 'a "text"\nof two',
    },
    ...{ count: 2, error: expect.stringContaining('Error: broken\n'), big: '1' },
  });
  expect(ofTask).toMatchObject({ level: 'INFO', task_name: 'shop.add', task_id: '4711', message: 'text' });
  const apart = { worker_log_format: 'json', worker_task_log_format: '%(message)s' };
  expect(linesOf(apart, (log) => log.child('x', task).info('text'))).toEqual(['text']);
});

it('are coloured where worker_log_color says so, unless that was forbidden', () => {
  const say = (log: Logger) => log.error('told');
  expect(linesOf({ worker_log_color: true }, say)[0]).toBe('\u001b[31m[NOW: ERROR/MainProcess] told\u001b[0m');
  expect(linesOf({ worker_log_color: false }, say)[0]).toMatch(/^\[NOW/);
  const lines: string[] = [];
  const style = LineStyle.of({ ...CELERYS, worker_log_color: true });
  createLogger({ color: false, style, write: (line) => lines.push(line) }).error('told');
  expect(lines[0]).toMatch(/^\[/);
});

it('show no secrets in what they tell of tasks, unless worker_log_secrets is on; what a task writes is its own', () => {
  const error = new Error('cannot reach redis://:hunter2@host', { cause: new Error('x') });
  error.stack = 'Error: {"password": "hunter2"}\n    at here';
  const say = (log: Logger) => {
    log.info("Task shop.reset_password[4711] succeeded in 0.1s: {'token': 'hunter2'}");
    log.error('Task shop.pay[4711] raised unexpected: Error("password=hunter2")', { traceback: "  api_key='hunter2'" });
    log.critical('Dropped', { error, body: '[[], {"authorization": "hunter2"}]', headers: { secret: 'hunter2' } });
  };
  for (const worker_log_format of [LOG_FORMAT, 'json']) {
    const lines = linesOf({ worker_log_format }, say);
    expect(lines.join('\n')).not.toContain('hunter2');
    expect(lines[0]).toContain("Task shop.reset_password[4711] succeeded in 0.1s: {'token': '********'}");
    const bare = linesOf({ worker_log_format, worker_log_secrets: true }, say);
    for (const line of bare) expect(line).toContain('hunter2');
  }
  expect(linesOf({}, (log) => log.child('x', task).info('token=abc'))[0]).toContain('token=abc');
});

describe('a format that cannot be', () => {
  it.each([
    [
      '%(levelnam)s',
      /worker_log_format "%\(levelnam\)s" names %\(levelnam\)s, which is not known here\. It takes 'json'.*levelname/,
    ],
    ['%(__proto__)s', /not known here/],
    ['50% of %(message)s', /has a % that begins nothing: "% of "/],
  ])('%s is refused in words', (format, words) => {
    expect(() => readFormat(format, 'worker_log_format')).toThrow(words);
  });
});

it('what a format of Python’s says stands in the settings as it is', () => {
  const { conf } = new Celery('formats', { worker_log_format: '%(message)s' }, { env: {} });
  expect(conf.worker_log_format).toBe('%(message)s');
  expect(conf.worker_task_log_format).toBe(TASK_LOG_FORMAT);
});
