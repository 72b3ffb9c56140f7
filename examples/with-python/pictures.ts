// The TypeScript half of a shop: pictures are made here, orders are priced by the Python half (shop.py).
import { Celery } from 'umbel';

const url = process.env.CELERY_BROKER_URL ?? 'redis://localhost:6379/0';
export const app = new Celery('shop', {
  broker: url,
  backend: url,
  task_routes: { 'pictures.*': { queue: 'pictures' } },
  task_default_queue: 'orders',
});

// `params` names what Python may hand over as keyword arguments.
export const resize = app.task(
  { name: 'pictures.resize', params: ['path', 'width'] },
  (path: string, width: number) => ({
    path,
    width,
  }),
);

export const label = app.task(
  { name: 'pictures.label', params: ['cents', 'path'] },
  (cents: number, path: string) => `${path}: ${(cents / 100).toFixed(2)}`,
);
