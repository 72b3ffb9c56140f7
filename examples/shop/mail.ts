// Letters to customers. The newsletter has a rate limit, the reminder waits for its ETA (countdown), receipts go out at once.
import { setTimeout as pause } from 'node:timers/promises';
import { money } from './catalogue.ts';
import { app } from './celery.ts';

export const sendReceipt = app.task(
  { name: 'mail.send_receipt', params: ['to', 'order_id', 'total'] },
  async (to: string, orderId: string, total: number) => {
    const letter = [`To: ${to}`, `Subject: Your order ${orderId}`, '', `Thank you. We charged ${money(total)}.`].join(
      '\r\n',
    );
    await pause(10 + Math.random() * 60);
    return { to, bytes: Buffer.byteLength(letter) };
  },
);

/** Our mail provider takes two a second from us, so the worker waits instead of being refused. */
export const sendNewsletter = app.task(
  { name: 'mail.send_newsletter', params: ['to', 'issue'], rate_limit: '2/s', description: 'Rate-limited: 2/s' },
  async (to: string, issue: string) => {
    await pause(20 + Math.random() * 40);
    return `${issue} to ${to}`;
  },
);

/** Sent with a countdown; waits in the worker until it is due, or is revoked when the customer comes back. */
export const remindOfBasket = app.task(
  { name: 'mail.remind_of_basket', params: ['to', 'skus'], description: 'Waits for its ETA, then writes' },
  async (to: string, skus: readonly string[]) => {
    await pause(10 + Math.random() * 30);
    return `${to} was told of ${skus.join(', ')}`;
  },
);
