// Questions to workers about a task in view: few, in turn, and shared.
import { expect, it } from 'vitest';
import { Control } from '../../server/control/control.ts';
import { Inspector } from '../../server/dashboard/cluster/inspector.ts';
import { silentLogger } from '../../server/log.ts';
import type { Mailbox } from '../../server/messaging/mailbox.ts';
import { NO_MASKING } from '../../shared/masking.ts';
import { ManualTimer } from '../support/clock.ts';

type Asked = [command: string, destination: readonly string[] | null, args?: Record<string, unknown>];

/** Workers that answer everything; `conf` by name. */
function inspectorOf(timer: ManualTimer, asked: Asked[], conf: Record<string, Record<string, unknown>>) {
  const mailbox = {
    async broadcast(command: string, request: { destination: string[] | null; arguments?: Record<string, unknown> }) {
      asked.push([command, request.destination, request.arguments]);
      return (request.destination ?? Object.keys(conf)).map((hostname) => ({
        [hostname]: command === 'conf' ? conf[hostname] : command === 'stats' ? {} : [],
      }));
    },
  } as unknown as Mailbox;
  return new Inspector(new Control({ mailbox: () => mailbox }), timer, silentLogger, 1, NO_MASKING);
}

it.each<[string, Record<string, unknown>, boolean]>([
  ['takes what Celery takes by default', {}, true],
  ['names JSON', { accept_content: ['application/json', 'json'] }, true],
  ['takes pickles', { accept_content: ['json', 'pickle'] }, false],
  ['takes YAML by the old name of the setting', { CELERY_ACCEPT_CONTENT: ['yaml'] }, false],
  ['tells what is no text', { accept_content: [{ toString: 1 }] }, false],
  ['tells something else', { accept_content: 'json' }, false],
  ['takes other results alone', { result_accept_content: ['pickle'] }, true],
])(
  'a worker that %s is asked for lists with arguments as they are: only when they can be JSON',
  async (_, conf, asIs) => {
    const asked: Asked[] = [];
    const inspector = inspectorOf(new ManualTimer(), asked, { w1: conf });
    const listsOf = () => asked.filter(([command]) => ['active', 'reserved', 'scheduled'].includes(command));

    // Nobody is known yet: what each takes is asked first.
    await inspector.ask(null);
    expect(asked.findIndex(([command]) => command === 'conf')).toBeLessThan(
      asked.findIndex(([command]) => command === 'active'),
    );
    const lists = asIs
      ? [
          ['active', ['w1'], { safe: false }],
          ['reserved', ['w1'], {}],
          ['scheduled', ['w1'], {}],
        ]
      : [['active', ['w1'], { safe: true }]];
    expect(listsOf()).toEqual(lists);
    expect(inspector.workers.get('w1')!.complete > 0, 'all that it holds is known').toBe(asIs);

    asked.length = 0;
    await inspector.ask(['w1'], false);
    expect(listsOf()).toEqual(lists);

    // It comes back, perhaps with other settings.
    inspector.restarted('w1');
    asked.length = 0;
    await inspector.ask(['w1'], false);
    expect(listsOf()).toEqual([['active', ['w1'], { safe: true }]]);
  },
);

it('a worker gets one question in two seconds for all who look at its tasks: the one whose answer is oldest', async () => {
  const timer = new ManualTimer();
  const asked: Asked[] = [];
  const inspector = inspectorOf(timer, asked, { w1: {}, w2: {} });
  await inspector.askAbout(['w1', 'w2'], ['conf']);
  asked.length = 0;

  for (let second = 0; second < 12; second++) {
    await Promise.all(Array.from({ length: 10 }, () => inspector.askOldest(['w1', 'w2'])));
    timer.advance(1000);
  }
  expect(asked.map(([command]) => command)).toEqual([
    'active',
    'reserved',
    'scheduled',
    'revoked',
    'active_queues',
    'stats',
  ]);
  expect(new Set(asked.map(([, destination]) => destination?.join()))).toEqual(new Set(['w1,w2']));

  // One that was asked just now is left alone; the other gets its question.
  asked.length = 0;
  await inspector.askOldest(['w1']);
  await inspector.askOldest(['w1', 'w2']);
  expect(asked.map(([command, destination]) => [command, destination])).toEqual([
    ['active', ['w1']],
    ['active', ['w2']],
  ]);
});

it('who asks the same of the same workers while it is being asked shares the round, and who asks later has one of their own', async () => {
  const asked: Asked[] = [];
  const inspector = inspectorOf(new ManualTimer(), asked, { w1: {}, w2: {} });
  const times = () => asked.filter(([command]) => command === 'stats').length;
  await Promise.all([inspector.ask(['w1', 'w2']), inspector.ask(['w2', 'w1'])]);
  expect(times()).toBe(1);
  await inspector.ask(['w1', 'w2']);
  expect(times()).toBe(2);
  // Others, or fewer questions, are another round.
  await Promise.all([inspector.ask(['w1']), inspector.ask(null), inspector.ask(['w1'], false)]);
  expect(times()).toBe(5);
});
