// Worker events over a broker at a steady rate.
import { createTransport } from '../../../server/transport/registry.ts';
import {
  declareEvents,
  EVENTS_PER_MESSAGE,
  EVENTS_PER_TASK,
  floodBodies,
  publishEvents,
} from '../../support/event-flood.ts';
import { type Given, offer } from './measure.ts';

/** How often some are sent, as many as are due then. */
const TICK_MS = 5;

export interface FloodGiven extends Given {
  /** @unit events a second */
  readonly rate: number;
}

await offer({
  async flood(given) {
    const { url, count, rate } = given as FloodGiven;
    const bodies = floodBodies(count);
    const transport = await createTransport({ url, options: {}, connectTimeoutMs: 4000 });
    await transport.connect();
    const channel = await transport.channel();
    await declareEvents(channel);
    const begun = performance.now();
    const perMs = rate / EVENTS_PER_MESSAGE / 1000;
    for (let sent = 0; sent < bodies.length; ) {
      const due = Math.min(bodies.length, Math.ceil((performance.now() - begun) * perMs));
      await publishEvents(channel, bodies.slice(sent, due));
      sent = due;
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    const seconds = (performance.now() - begun) / 1000;
    await transport.close();
    return { rate: (count * EVENTS_PER_TASK) / seconds };
  },
});
