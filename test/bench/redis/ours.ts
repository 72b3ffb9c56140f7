// This package, as it is installed, on Redis: a producer; and its worker and round trip (../support/ours.ts).
import { inFlight, offer, stopwatch } from '../support/measure.ts';
import { appOn, worked } from '../support/ours.ts';

await offer({
  ...worked,

  async publish(given) {
    const { app, add } = appOn(given);
    await add.delay(2, 3);
    const lap = stopwatch(given.server);
    await inFlight(500, given.count - 1, () => add.delay(2, 3));
    const figures = lap(given.count - 1);
    await app.close();
    return figures;
  },
});
