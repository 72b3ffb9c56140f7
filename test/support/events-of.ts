// Sends a dashboard events as workers do, in one message each time. Who a dashboard is made for: dashboard-shop.ts, listening.ts.
import type { Dashboard } from '../../server/dashboard/dashboard.ts';
import { exchange } from '../../server/transport/entity.ts';
import { until } from './until.ts';

/** @param sender what an event says of its sender, where it does not say so itself */
export async function eventsOf(dashboard: Dashboard, sender: { hostname: string; pid: number }) {
  const cluster = await dashboard.start();
  await until(() => cluster.receiver.connected, 'events to be heard');
  const channel = await cluster.link.asking.channel();
  await channel.declareExchange(exchange('celeryev', 'topic'));
  let clock = 0;
  const publish = (events: readonly object[]) =>
    channel.publish({
      exchange: 'celeryev',
      routingKey: 'task.multi',
      body: Buffer.from(
        JSON.stringify(
          events.map((e) => ({ ...sender, timestamp: Date.now() / 1000, utcoffset: 0, clock: ++clock, ...e })),
        ),
      ),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      properties: {},
    });
  return { cluster, channel, publish };
}
