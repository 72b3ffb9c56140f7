// Loggers of one's own: pino itself, what speaks as console does, and what is none.
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { createLogger, silentLogger } from '../../server/log.ts';
import { adoptLogger, type GivenLogger } from '../../server/log-adopt.ts';

it('pino gets fields before the text, errors as err, and children with their task', () => {
  const lines: Record<string, unknown>[] = [];
  const own = pino({ base: null, level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const log = adoptLogger(own);
  log.warning('slow', { seconds: 2 });
  log.error('broken', { error: new RangeError('no'), count: 1 });
  log.child('queues').debug('looked');
  log.child('shop.add[4711]', { name: 'shop.add', id: '4711' }).critical('gone');
  expect(lines).toMatchObject([
    { level: 40, msg: 'slow', seconds: 2 },
    { level: 50, msg: 'broken', count: 1, err: { type: 'RangeError', message: 'no' } },
    { level: 20, msg: 'looked', name: 'queues' },
    { level: 60, msg: 'gone', task_name: 'shop.add', task_id: '4711' },
  ]);
});

it('what speaks as console does gets the text, then the fields, and may lack debug', () => {
  const said: unknown[][] = [];
  const at =
    (level: string) =>
    (...args: unknown[]) =>
      said.push([level, ...args]);
  const log = adoptLogger({ info: at('info'), warn: at('warn'), error: at('error') });
  log.debug('unheard');
  log.info('ready');
  log.child('beat').warning('late', { seconds: 2 });
  log.critical('gone');
  expect(said).toEqual([
    ['info', 'ready'],
    ['warn', 'beat: late', { seconds: 2 }],
    ['error', 'gone'],
  ]);
});

it('what it throws ends nothing, and one of ours is taken as it is', () => {
  const fail = () => {
    throw new Error('the disk is full');
  };
  expect(() => adoptLogger({ info: fail, warn: fail, error: fail }).error('text')).not.toThrow();
  expect(adoptLogger(silentLogger)).toBe(silentLogger);
  const ours = createLogger({ write: () => {} });
  expect(adoptLogger(ours)).toBe(ours);
});

it('an app takes one, and refuses what is none', async () => {
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  const app = new Celery('own', { broker: 'memory://' }, { env: {}, log: { info: say, warn: say, error: say } });
  onTestFinished(() => app.close());
  app.log.warning('heard');
  expect(said).toEqual(['heard']);
  expect(() => new Celery('none', {}, { env: {}, log: { log: say } as unknown as GivenLogger })).toThrow(
    /'log' is no logger: it has to have info, warn and error/,
  );
});
