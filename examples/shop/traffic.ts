// Customers: steady, varied traffic for the shop, about eight tasks a second with a busier minute now and then.
// One list of things that happen and how often; a loop throws the dice. Nothing here is needed by a worker.
import { setTimeout as pause } from 'node:timers/promises';
import { COUNTRIES, CUSTOMERS, type Order, PRODUCTS, productOf } from './catalogue.ts';
import { app } from './celery.ts';
import { renderTurntable } from './images.ts';
import { remindOfBasket, sendNewsletter, sendReceipt } from './mail.ts';
import { recordView, syncWarehouse } from './orders.ts';
import { dailySales, importPriceList, taxReturn } from './reports.ts';
import { placeOrder, publishPictures } from './workflows.ts';

export interface TrafficOptions {
  /** Ends the traffic. */
  readonly signal: AbortSignal;
  /** How many things happen in a second. Each is one task, or a workflow of three to five. Default 5 */
  readonly perSecond?: number;
  readonly onError?: (error: unknown) => void;
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)]!;
}

let orderNumber = 10_000 + Math.floor(Math.random() * 80_000);

function newOrder(): Order {
  const lines = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => ({
    sku: pick(PRODUCTS).sku,
    quantity: 1 + Math.floor(Math.random() * 3),
  }));
  return { id: `A-${orderNumber++}`, customer: pick(CUSTOMERS), lines, country: pick(COUNTRIES) };
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

const ISSUES: readonly string[] = ['Spring in the garden', 'New lamps', 'Tea for two'];

/** [weight, what happens] */
const HAPPENINGS: readonly (readonly [number, () => Promise<unknown>])[] = [
  [34, () => recordView.delay(pick(PRODUCTS).sku, pick(CUSTOMERS))],
  [18, () => placeOrder(newOrder())],
  [
    14,
    () => {
      const order = newOrder();
      const total = order.lines.reduce((sum, line) => sum + productOf(line.sku).price * line.quantity, 0);
      return sendReceipt.delay(order.customer, order.id, total);
    },
  ],
  [12, () => sendNewsletter.applyAsync([pick(CUSTOMERS), pick(ISSUES)], {}, { expires: 600 })],
  [
    6,
    () =>
      remindOfBasket.applyAsync([pick(CUSTOMERS), [pick(PRODUCTS).sku]], {}, { countdown: 20 + Math.random() * 70 }),
  ],
  // To everybody at once: more than may go out, so that the rate limit is seen to hold.
  [0.5, () => Promise.all(CUSTOMERS.flatMap((to) => ISSUES.map((issue) => sendNewsletter.delay(to, issue))))],
  [5, () => publishPictures(pick(PRODUCTS).sku)],
  [4, () => dailySales.applyAsync([today()], {}, { priority: 3 })],
  [3, () => syncWarehouse.delay(pick(['Rotterdam', 'Leipzig', 'Lyon']))],
  [
    2,
    () =>
      importPriceList.delay('prices.csv', Math.random() < 0.5 ? ['14,50', '69,00', '28,00'] : ['14,50', null, '28,00']),
  ],
  [1.2, () => renderTurntable.delay(pick(PRODUCTS).sku, 36)],
  [0.8, () => taxReturn.applyAsync([`2026-Q${1 + Math.floor(Math.random() * 4)}`], {}, { priority: 9 })],
];
const TOTAL = HAPPENINGS.reduce((sum, [weight]) => sum + weight, 0);

function happen(): Promise<unknown> {
  let dice = Math.random() * TOTAL;
  for (const [weight, what] of HAPPENINGS) {
    dice -= weight;
    if (dice < 0) return what();
  }
  return Promise.resolve();
}

/** Runs until the signal; ends without an error. */
export async function makeTraffic({ signal, perSecond = 5, onError = () => {} }: TrafficOptions): Promise<void> {
  const start = performance.now();
  while (!signal.aborted) {
    // A wave of four minutes, so that the charts have something to show.
    const wave = 1 + 0.6 * Math.sin((performance.now() - start) / 38_000);
    const waitMs = (-Math.log(1 - Math.random()) * 1000) / (perSecond * wave);
    await pause(Math.min(waitMs, 5000), undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    await happen().catch(onError);
  }
}

export { app };
