import { expect, it } from 'vitest';
import { SentTo } from '../../../server/dashboard/cluster/sent-to.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';

it('names the queues that clients have lately sent to, so many at most, and forgets them within an hour', () => {
  let now = 1000;
  const sentTo = new SentTo(() => now);
  const sent = (queue: unknown, type = 'task-sent') => sentTo.take([{ type, queue } as unknown as CeleryEvent]);
  for (const queue of ['a', 'b', 5, '', null]) sent(queue);
  sent('c', 'task-received');
  expect(sentTo.names()).toEqual(['a', 'b']);
  now += 3000;
  sent('b');
  now += 601;
  expect(sentTo.names()).toEqual(['b']);
  for (let n = 0; n < 150; n++) sent(`q${n}`);
  expect(sentTo.names()).toEqual(Array.from({ length: 100 }, (_, n) => `q${n + 50}`));
});
