// What the office wants to know: sorting, formatting and gzip over made-up ledgers; one report takes long and tells how far it is.
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { COUNTRIES, money, PRODUCTS } from './catalogue.ts';
import { app } from './celery.ts';

interface Sale {
  readonly sku: string;
  readonly country: string;
  readonly cents: number;
}

function ledger(rows: number): Sale[] {
  return Array.from({ length: rows }, () => {
    const product = PRODUCTS[Math.floor(Math.random() * PRODUCTS.length)]!;
    return {
      sku: product.sku,
      country: COUNTRIES[Math.floor(Math.random() * COUNTRIES.length)]!,
      cents: product.price,
    };
  });
}

/** The best sellers of a day, as compressed CSV. */
export const dailySales = app.task(
  { name: 'reports.daily_sales', params: ['day'], description: 'Best sellers of a day as compressed CSV' },
  async (day: string) => {
    const totals = new Map<string, number>();
    for (const sale of ledger(5000)) totals.set(sale.sku, (totals.get(sale.sku) ?? 0) + sale.cents);
    const best = [...totals].sort((a, b) => b[1] - a[1]);
    const csv = best.map(([sku, cents]) => `${sku};${money(cents)}`).join('\n');
    await pause(200 + Math.random() * 900);
    return { day, best: best[0]?.[0] ?? null, csv_gz_bytes: gzipSync(csv).length };
  },
);

/** The tax return: a dozen seconds, country by country, with its progress to be seen while it runs. */
export const taxReturn = app.task(
  {
    name: 'reports.tax_return',
    params: ['quarter'],
    time_limit: 120,
    soft_time_limit: 90,
    description: 'Long, with progress; stops when told to',
  },
  async function (quarter: string) {
    const owed: Record<string, string> = {};
    for (const [done, country] of COUNTRIES.entries()) {
      await this.updateState({ state: 'PROGRESS', meta: { done, of: COUNTRIES.length, country } });
      const cents = ledger(2000).reduce((sum, sale) => (sale.country === country ? sum + sale.cents : sum), 0);
      owed[country] = money(Math.round(cents * 0.19));
      await pause(800 + Math.random() * 900, undefined, { signal: this.signal });
    }
    return { quarter, owed };
  },
);

/** Sent by beat once a minute. */
export const exchangeRates = app.task({ name: 'reports.exchange_rates', params: ['base'] }, async (base: string) => {
  await pause(50 + Math.random() * 100);
  return { base, USD: 1.08 + Math.random() / 50, GBP: 0.84 + Math.random() / 50, SEK: 11.2 + Math.random() / 5 };
});

/** A spreadsheet somebody uploaded: sometimes it is none. The TypeError it ends with is an honest bug in it. */
export const importPriceList = app.task(
  { name: 'reports.import_price_list', params: ['file', 'rows'] },
  async (file: string, rows: readonly (string | null)[]) => {
    await pause(30 + Math.random() * 100);
    return { file, prices: rows.map((row) => Number.parseFloat(row!.replace(',', '.'))) };
  },
);
