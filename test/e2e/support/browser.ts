// The run's Chromium (../../support/run.ts), a fresh context for every page, and the law of all end-to-end tests: no page may complain.
// Whatever a page writes to the console as an error, throws, or asks for in vain fails the test that opened it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { LONG } from './cluster.ts';

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export interface OpenOptions extends BrowserContextOptions {
  /** Complaints this test provokes. */
  readonly allow?: RegExp;
}

export interface Window {
  /** Opens a page of a dashboard in a context of its own. */
  open(url: string, options?: OpenOptions): Promise<Page>;
  /** A context and the watch over it, for a test that does something before the first page. */
  context(options?: OpenOptions): Promise<BrowserContext>;
}

export function useBrowser(): Window {
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let complaints: string[] = [];

  beforeAll(async () => {
    const reply = await fetch(inject('chromium'));
    if (!reply.ok) throw new Error(await reply.text());
    browser = await chromium.connect(await reply.text(), { timeout: LONG });
  }, 2 * LONG);
  afterAll(async () => browser?.close(), LONG);
  afterEach(async ({ task }) => {
    const opened = contexts;
    const heard = complaints;
    contexts = [];
    complaints = [];
    if (task.result?.state === 'fail') await keep(opened, task.name);
    await Promise.all(opened.map((context) => context.close()));
    expect(heard, 'complaints of the pages').toEqual([]);
  }, LONG);

  const context = async ({ allow, ...options }: OpenOptions = {}): Promise<BrowserContext> => {
    const made = await browser.newContext({ viewport: WIDE, ...options });
    made.setDefaultTimeout(LONG);
    contexts.push(made);
    const mine = complaints;
    const complain = (text: string) => {
      if (!allow?.test(text)) mine.push(text);
    };
    made.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complain(`console ${message.type()}: ${message.text()} at ${message.location().url}`);
    });
    made.on('weberror', ({ error }) => complain(`thrown: ${error().stack ?? error().message}`));
    made.on('response', (response) => {
      if (response.status() >= 400) complain(`${response.status()} of ${response.url()}`);
    });
    return made;
  };
  return {
    context,
    async open(url, options) {
      const page = await (await context(options)).newPage();
      await page.goto(url);
      return page;
    },
  };
}

/** With UMBEL_E2E_PICTURES=folder, what a failed test saw. */
async function keep(contexts: readonly BrowserContext[], name: string): Promise<void> {
  const folder = process.env['UMBEL_E2E_PICTURES'];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const [i, page] of contexts.flatMap((context) => context.pages()).entries())
    await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, '-').slice(0, 80)}-${i}.png`) }).catch(() => {});
}
