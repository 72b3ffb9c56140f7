// The run's Chromium (../../support/run.ts), and the law of all end-to-end tests: no page may complain. Whatever a page writes to the
// console as an error, throws, or asks for in vain fails the test that opened it.
// Pages that are opened alike may share a context, and so what they have loaded and compiled: a load takes a quarter less CPU. What a test
// leaves in it goes with the test.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { LONG } from './cluster.ts';

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 780 };

export interface OpenOptions extends BrowserContextOptions {
  /** Complaints this test provokes. */
  readonly allow?: RegExp;
}

export interface Window {
  /** Opens a page of a dashboard. Where complaints are allowed, its context is its own. */
  open(url: string, options?: OpenOptions): Promise<Page>;
  /** As `open`, for a test that does something before the page is loaded. @param site any address of the dashboard */
  blank(site: string, options?: OpenOptions): Promise<Page>;
  /** A context of its own and the watch over it, for a test that does something before the first page. */
  context(options?: OpenOptions): Promise<BrowserContext>;
}

/** @param shares pages of this file that are opened alike share a context; else each has one of its own */
export function useBrowser({ shares = false } = {}): Window {
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let complaints: string[] = [];
  /** By the options they were made with. */
  const shared = new Map<string, Promise<BrowserContext>>();

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
    const kept = await Promise.all(shared.values());
    if (task.result?.state === 'fail') await keep([...opened, ...kept], task.name);
    await Promise.all([...opened.map((context) => context.close()), ...kept.map(empty)]);
    complaints = [];
    expect(heard, 'complaints of the pages').toEqual([]);
  }, LONG);

  const make = async ({ allow, ...options }: OpenOptions): Promise<BrowserContext> => {
    const made = await browser.newContext({ viewport: WIDE, ...options });
    made.setDefaultTimeout(LONG);
    const complain = (text: string) => {
      if (!allow?.test(text)) complaints.push(text);
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
  const context = async (options: OpenOptions = {}): Promise<BrowserContext> => {
    const made = await make(options);
    contexts.push(made);
    return made;
  };
  const contextLike = (options: OpenOptions, url: string): Promise<BrowserContext> => {
    const key = JSON.stringify(options);
    const found = shared.get(key) ?? makeShared(options, url);
    shared.set(key, found);
    return found;
  };
  const makeShared = async (options: OpenOptions, url: string): Promise<BrowserContext> => {
    const made = await make(options);
    // As long as a page of the site is open, its process stays, and what is compiled there.
    await (await made.newPage()).goto(new URL('/healthcheck', url).href);
    return made;
  };
  const blank = async (site: string, options: OpenOptions = {}): Promise<Page> => {
    if (!shares || options.allow) return (await context(options)).newPage();
    const [stays] = (await contextLike(options, site)).pages();
    // Any other new page would begin in a process of its own, and leave it for that of its site.
    const [page] = await Promise.all([stays!.waitForEvent('popup'), stays!.evaluate(`void open('about:blank')`)]);
    return page;
  };
  return {
    context,
    blank,
    async open(url, options) {
      const page = await blank(url, options);
      await page.goto(url);
      return page;
    },
  };
}

/** As it was when it was made, with the page that stays. */
async function empty(context: BrowserContext): Promise<void> {
  const [, ...opened] = context.pages();
  await Promise.all(
    opened.map(async (page) => {
      // A page that shows no dashboard has no storage.
      await page.evaluate('localStorage.clear()').catch(() => {});
      await page.close();
    }),
  );
  await context.clearCookies();
}

/** With UMBEL_E2E_PICTURES=folder, what a failed test saw. */
async function keep(contexts: readonly BrowserContext[], name: string): Promise<void> {
  const folder = process.env['UMBEL_E2E_PICTURES'];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const [i, page] of contexts.flatMap((context) => context.pages()).entries())
    await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, '-').slice(0, 80)}-${i}.png`) }).catch(() => {});
}
