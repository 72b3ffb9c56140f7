// A small believable shop, whole: `umbel -A examples/shop/app.ts worker`, or `umbel up`, which runs it with traffic.ts beside it.
import './images.ts';
import './mail.ts';
import './orders.ts';
import './reports.ts';

export { app } from './celery.ts';
