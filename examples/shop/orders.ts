// From the basket to the parcel. Quick tasks, one that retries with back-off, two that fail now and then, one that beat sends.
// The whole way of an order is a chain: check_basket | charge_card | pack_parcel (workflows.ts).
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Order, PRODUCTS, productOf } from './catalogue.ts';
import { app } from './celery.ts';

/** The customer's bank said no: nothing to retry, and nothing wrong with us. */
export class PaymentDeclined extends Error {
  override readonly name = 'PaymentDeclined';
}

/** The payment provider did not answer in time: worth another try. */
export class GatewayTimeout extends Error {
  override readonly name = 'GatewayTimeout';
}

export class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
}

/** Adds up a basket and checks that all of it is in stock. */
export const checkBasket = app.task(
  { name: 'orders.check_basket', params: ['order'], description: 'Add up a basket and check the stock' },
  async (order: Order) => {
    let total = 0;
    for (const line of order.lines) {
      // One in sixty baskets holds something that was sold a moment ago.
      if (Math.random() < 1 / 60) throw new OutOfStock(`${productOf(line.sku).title}: ${line.quantity} wanted, 0 left`);
      total += productOf(line.sku).price * line.quantity;
    }
    await pause(5 + Math.random() * 40);
    return { ...order, total };
  },
);

/** Charges the card; the provider is slow at times, and the task is sent again by itself, waiting longer each time. */
export const chargeCard = app.task(
  {
    name: 'orders.charge_card',
    params: ['order'],
    autoretry_for: [GatewayTimeout],
    retry_backoff: 1,
    retry_backoff_max: 20,
    max_retries: 4,
    throws: [PaymentDeclined],
    acks_late: true,
    description: 'Charge the card, again when the provider is slow',
  },
  async (order: Order & { total: number }) => {
    await pause(40 + Math.random() * 160);
    const luck = Math.random();
    if (luck < 0.12) throw new GatewayTimeout('pay.example.com did not answer within 2 s');
    if (luck < 0.15) throw new PaymentDeclined(`card of ${order.customer} declined: insufficient funds`);
    const receipt = createHash('sha256').update(JSON.stringify(order)).digest('hex');
    return { id: order.id, customer: order.customer, total: order.total, receipt: receipt.slice(0, 16) };
  },
);

/** Books the parcel. The last step of the chain. */
export const packParcel = app.task(
  { name: 'orders.pack_parcel', params: ['payment'], description: 'Book a parcel with the carrier' },
  async (payment: { id: string; customer: string; total: number; receipt: string }) => {
    await pause(20 + Math.random() * 120);
    return { order: payment.id, tracking: `UMB${payment.receipt.slice(0, 9).toUpperCase()}` };
  },
);

/** A look at a product page: the quickest task there is, and the most frequent. */
export const recordView = app.task(
  { name: 'orders.record_view', params: ['sku', 'customer'], ignore_result: true },
  (sku: string, customer: string) => {
    createHash('sha1').update(`${sku}:${customer}`).digest('hex');
  },
);

/** Counts the shelves. Sent by beat. */
export const countStock = app.task({ name: 'orders.count_stock', params: [] }, () =>
  Object.fromEntries(PRODUCTS.map(({ sku }) => [sku, Math.floor(Math.random() * 200)])),
);

/** Talks to a warehouse that has an old certificate one time in three: a failure with a traceback worth reading. */
export const syncWarehouse = app.task(
  { name: 'orders.sync_warehouse', params: ['warehouse'], description: 'Fetch stock levels from a warehouse' },
  async (warehouse: string) => {
    await pause(100 + Math.random() * 400);
    if (Math.random() < 0.33) {
      throw new Error(`cannot reach ${warehouse}`, { cause: new Error('certificate has expired (CERT_HAS_EXPIRED)') });
    }
    return { warehouse, rows: 1000 + Math.floor(Math.random() * 500) };
  },
);
