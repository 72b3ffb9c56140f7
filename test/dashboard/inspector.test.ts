// Questions to workers about a task in view: few, in turn, and shared.
import { expect, it } from 'vitest';
import { Control } from '../../server/control/control.ts';
import { Inspector } from '../../server/dashboard/cluster/inspector.ts';
import { silentLogger } from '../../server/log.ts';
import type { Mailbox } from '../../server/messaging/mailbox.ts';
import { NO_MASKING } from '../../shared/masking.ts';
import { ManualTimer } from '../support/clock.ts';

it('a worker gets one question in two seconds for all who look at its tasks: the one whose answer is oldest', async () => {
  const timer = new ManualTimer();
  const asked: [string, readonly string[]][] = [];
  const mailbox = {
    async broadcast(command: string, { destination }: { destination: readonly string[] }) {
      asked.push([command, destination]);
      return destination.map((hostname) => ({ [hostname]: [] }));
    },
  } as unknown as Mailbox;
  const inspector = new Inspector(new Control({ mailbox: () => mailbox }), timer, silentLogger, 1, NO_MASKING);

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
  expect(new Set(asked.map(([, destination]) => destination.join()))).toEqual(new Set(['w1,w2']));

  // One that was asked just now is left alone; the other gets its question.
  asked.length = 0;
  await inspector.askOldest(['w1']);
  await inspector.askOldest(['w1', 'w2']);
  expect(asked).toEqual([
    ['active', ['w1']],
    ['active', ['w2']],
  ]);
});
