// The run's Chromium (../../support/run.ts), and the law of all end-to-end tests: no page may complain. Whatever a page writes to the
// console as an error, throws, or asks for in vain fails the test that opened it.
// Pages that are opened alike may share a context, and so what they have loaded and compiled: a load takes a quarter less CPU. What a test
// leaves in it goes with the test. The page itself may be kept, too, and moved to where the next test wants it: a load takes more than twice
// the CPU of a move, and a second later all other pages' scripts are fetched once more.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { LONG } from './cluster.ts';

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 780 };
/** Of what is not worth waiting for. @unit milliseconds */
const PATIENCE = 5000;

export interface OpenOptions extends BrowserContextOptions {
  /** Complaints this test provokes. */
  readonly allow?: RegExp;
}

export interface Window {
  /** Opens a page of a dashboard; one that is kept moves there. Where complaints are allowed, its context is its own. */
  open(url: string, options?: OpenOptions): Promise<Page>;
  /**
   * A page of its own, which ends with the test, and is yet to be loaded: for a test that does something before, or that does to the page
   * what moving on does not take back, as a route.
   * @param site any address of the dashboard
   */
  blank(site: string, options?: OpenOptions): Promise<Page>;
  /** A context of its own and the watch over it, for a test that does something before the first page. */
  context(options?: OpenOptions): Promise<BrowserContext>;
}

export interface WindowOptions {
  /** Pages of this file that are opened alike share a context; else each has one of its own. Default: no. */
  readonly shares?: boolean;
  /** As `shares`, and a page that was opened without options waits for the next test that does. For a dashboard that lives as long as the file. */
  readonly keeps?: boolean;
}

export function useBrowser({ keeps = false, shares = keeps }: WindowOptions = {}): Window {
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let complaints: string[] = [];
  /** By the options they were made with. */
  const shared = new Map<string, Promise<BrowserContext>>();
  /** The page that the next test gets, and the one that this test got first. */
  let resting: Page | null = null;
  let used: Page | null = null;

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
    const others = await Promise.all(shared.values());
    const failed = task.result?.state === 'fail';
    if (failed) await keep([...opened, ...others], task.name);
    if (used && !failed && (await rest(used))) resting = used;
    used = null;
    await Promise.all([
      ...opened.map((context) => context.close()),
      ...others.map((context) => empty(context, resting)),
    ]);
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
      if (resting && !options) {
        const page = resting;
        resting = null;
        used = page;
        await move(page, url);
        return page;
      }
      const page = await blank(url, options);
      await page.goto(url);
      if (keeps && !options) used ??= page;
      return page;
    },
  };
}

/** Within the document that is there, as a link does: where an address that was there before stood scrolled to is of another visit. */
async function move(page: Page, url: string): Promise<void> {
  const { pathname, search } = new URL(url, page.url());
  await page.evaluate(`__TSR_ROUTER__.history.push(${JSON.stringify(pathname + search)})`);
}

/** Moves it to where nothing is shown but the frame. @returns whether it is again as it was when it was loaded */
async function rest(page: Page): Promise<boolean> {
  try {
    await move(page, '/at-rest');
    await page.getByRole('heading', { level: 1, name: 'Not found' }).waitFor({ timeout: PATIENCE });
    // A list holds still under a pointer.
    await page.mouse.move(0, 0);
    await page.emulateMedia({ media: null, colorScheme: null, reducedMotion: null, forcedColors: null });
    const chosen = page.evaluate<number>('document.activeElement?.blur(), localStorage.length');
    const open = page.locator('[role=dialog], [role=menu], .toast, button.live:not(:text-matches("^live"))');
    return (await chosen) === 0 && (await open.count()) === 0;
  } catch {
    // It shows no page of a dashboard, has ended, or speaks another language.
    return false;
  }
}

/** As it was when it was made, with the page that stays. @param kept and this one */
async function empty(context: BrowserContext, kept: Page | null): Promise<void> {
  const [, ...opened] = context.pages();
  await Promise.all(
    opened.map(async (page) => {
      if (page === kept) return;
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
