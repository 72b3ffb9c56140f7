// The shop's Celery app: where it sends work, which queue each kind of task goes to, what beat sends by itself.
// The tasks are in orders.ts, images.ts, mail.ts and reports.ts; app.ts puts them together and is what `-A` names.
import { Celery } from 'umbel';

export const app = new Celery('shop', {
  broker: 'sqlite:///shop.db',
  backend: 'sqlite:///shop.db',
  task_default_queue: 'default',
  task_routes: {
    'orders.*': { queue: 'orders' },
    'images.*': { queue: 'images' },
    'mail.*': { queue: 'mail' },
    'reports.*': { queue: 'reports' },
  },
  task_queues: ['default', 'orders', 'images', 'mail', 'reports'],
  // For the dashboard: tell when a task was sent and when it began.
  task_send_sent_event: true,
  worker_send_task_events: true,
  task_track_started: true,
  result_extended: true,
  result_expires: 24 * 3600,
  beat_schedule: {
    'count the stock every 30 seconds': { task: 'orders.count_stock', schedule: 30 },
    'refresh exchange rates every minute': { task: 'reports.exchange_rates', schedule: 60, args: ['EUR'] },
  },
});
