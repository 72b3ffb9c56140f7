// This package, as it is installed, on RabbitMQ: a producer; and its worker and round trip (../support/ours.ts).
import { inFlight, offer, stopwatch } from '../support/measure.ts';
import { appOn, worked } from '../support/ours.ts';
import { REPLIES } from './replies.ts';

const ALONE = 1000;

await offer({
  ...worked,

  /** As many under way as it takes, and then a few one after the other. */
  async publish(given) {
    const { app, ignored } = appOn(given);
    await ignored.delay(2, 3);
    let lap = stopwatch(given.server);
    await inFlight(500, given.count - 1 - ALONE, () => ignored.delay(2, 3));
    const figures = lap(given.count - 1 - ALONE);
    lap = stopwatch(given.server);
    await inFlight(1, ALONE, () => ignored.delay(2, 3));
    const alone = lap(ALONE).rate;
    await app.close();
    return { ...figures, alone };
  },

  /** Tasks whose results go to a queue that stays, where they are looked at. */
  async load(given) {
    const { app, add, ignored } = appOn(given);
    const task = given.task === 'bench.ignored' ? ignored : add;
    await inFlight(500, given.count, () => task.applyAsync([2, 3], {}, { reply_to: REPLIES }));
    await app.close();
  },
});
