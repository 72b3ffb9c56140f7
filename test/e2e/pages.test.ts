// Every page in both themes, wide and on a phone: nothing axe finds serious, nothing that must be scrolled sideways, no complaint.
// What the pages do: the other files here.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { beforeAll, describe, expect, it } from 'vitest';
import { PHONE, useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { type Dashboard, inState, LONG, useCluster } from './support/cluster.ts';

/** All pages on a phone are opened alike, and so share what they have loaded. */
const ON_PHONE = { viewport: PHONE, hasTouch: true, isMobile: true, reducedMotion: 'reduce' } as const;
const WORKER = encodeURIComponent('w1@e2e');
/** Put into each page as it is: its own driver would bring it along with every question. */
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** What a narrow window lays out anew: lists as cards, panels over the page. */
const LAYOUT_CHANGES = /^\/($|tasks(\?task|$)|workers$|queues$|workflows$|schedules\?)/;
/** As a beat leaves it in its file. */
const SCHEDULE = JSON.stringify({
  version: 1,
  owner: { pid: 1, host: 'e2e' },
  entries: {
    nightly: {
      ...{ task: 'shop.add', args: [1, 2], kwargs: {}, options: { queue: 'mail' }, enabled: true, one_off: false },
      ...{ timezone: 'Europe/Paris', last_run_at: '2026-03-04T01:30:00.000Z', total_run_count: 12 },
      schedule: {
        ...{ kind: 'crontab', minute: '30', hour: '2', day_of_week: '*', day_of_month: '*', month_of_year: '*' },
      },
    },
    often: {
      ...{ task: 'shop.limited', args: [], kwargs: {}, options: {}, enabled: false, one_off: false, timezone: null },
      ...{ last_run_at: '2026-03-04T01:30:00.000Z', total_run_count: 3 },
      schedule: { kind: 'interval', every: 90, relative: false },
    },
  },
});
const COLOURS = ['color-contrast', 'link-in-text-block'];
const RULES = {
  all: { runOnly: TAGS },
  narrow: { runOnly: TAGS, rules: Object.fromEntries(COLOURS.map((rule) => [rule, { enabled: false }])) },
  looks: { runOnly: { type: 'rule', values: [...COLOURS, 'target-size'] } },
};

/** Texts of figures, heads and cells that lie over one another. */
const OVERLAPS = `
  (() => {
    const texts = [...document.querySelectorAll('main :is(h2, h3, p, td, th, dt, dd, b, small)')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.sr, svg'))
      .flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim()))
      .map((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        let right = box.right;
        for (let around = node.parentElement; around !== document.body; around = around.parentElement)
          if (getComputedStyle(around).overflowX !== 'visible') right = Math.min(right, around.getBoundingClientRect().right);
        return { text: node.textContent.trim().slice(0, 30), left: box.left, right, top: box.top, bottom: box.bottom };
      });
    const over = [];
    for (const [i, one] of texts.entries())
      for (const other of texts.slice(i + 1))
        if (Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2
          && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 4)
          over.push(one.text + ' / ' + other.text);
    return over;
  })()`;

describe.skipIf(!CHROMIUM)('every page, in Chromium', { timeout: 4 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser({ keeps: true });
  let dashboard: Dashboard;
  let failed: string;
  let part: string;

  beforeAll(async () => {
    const worker = cluster.startWorker('w1@e2e', '-c', '4');
    const schedule = join(cluster.folder, 'beat');
    writeFileSync(`${schedule}.json`, SCHEDULE);
    dashboard = await cluster.startDashboard('--schedule', schedule);
    await worker;
    failed = await cluster.send('shop.flaky', [1]);
    await cluster.sendMany('shop.add', 3, { queue: 'unattended' });
    const running = await cluster.send('shop.listen', [600]);
    const later = await cluster.send('shop.limited', [1], { countdown: 600 });
    const revoked = await cluster.send('shop.limited', [2], { countdown: 600 });
    const done = await cluster.sendMany('shop.limited', 4);
    const header = [
      ['shop.add', [1, 2]],
      ['shop.charge', ['4711', '/none']],
    ] as const;
    part = (await cluster.chord(header, 'shop.pack'))[1]!;
    await inState(dashboard, later, 'RECEIVED');
    await inState(dashboard, revoked, 'RECEIVED');
    await inState(dashboard, running, 'STARTED');
    await fetch(`${dashboard.address}/api/v2/operations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'revoke', task_ids: [revoked] }),
    });
    for (const id of done) await inState(dashboard, id, 'SUCCESS');
    await inState(dashboard, failed, 'FAILURE');
    await inState(dashboard, part, 'FAILURE');
    await inState(dashboard, revoked, 'REVOKED');
  }, 4 * LONG);

  /** Path, and what shows that the page stands. */
  const pages = (): readonly (readonly [path: string, shown: string])[] => [
    ['/', '.traffic svg.recharts-surface'],
    ['/tasks', '.tasks-table tbody a[data-row]'],
    ['/tasks?q=name:none', '.empty'],
    [`/tasks?task=${failed}`, '.detail .trace'],
    [`/tasks/${failed}`, '.detail .trace'],
    ['/workers', '.workers tbody tr'],
    [`/workers/${WORKER}`, '.limits tbody tr'],
    [`/workers/${WORKER}?tab=queues`, '.add-queue'],
    [`/workers/${WORKER}?tab=scheduled`, '#worker-tab tbody tr'],
    [`/workers/${WORKER}?tab=pool`, '.pool-tab'],
    [`/workers/${WORKER}?tab=conf`, '[role="tree"]'],
    ['/queues', '.queues tbody tr'],
    ['/queues/unattended', '.opened tbody tr'],
    ['/queues/unattended?tab=history', '.history svg.recharts-surface'],
    ['/workflows', '.wf-list tbody tr'],
    [`/workflows/${part}?task=${part}`, '.wf-graph .wf-box, .wf-steps li'],
    [`/workflows/${part}?view=timeline`, '.wf-chart .run'],
    ['/broker', '.broker-page .figures svg[aria-label="Waiting messages, last hour"]'],
    ['/schedules', '.entries tbody tr'],
    ['/schedules?entry=nightly', '.run-list'],
    ['/scheduled', '.eta-tasks tbody tr'],
    ['/access', '.tokens .quiet-note'],
    ['/alerts', '.alerts-page tbody tr'],
    ['/audit', '.audit tbody tr'],
    ['/nowhere', '.empty'],
  ];

  const goTo = async (page: Page, path: string, shown: string) => {
    await page.goto(dashboard.address + path);
    await page.locator(shown).first().waitFor();
    await page.locator('button.live').filter({ hasText: /^live/ }).waitFor();
  };
  /** A page that shows nothing yet but the frame, and in which nothing moves. */
  const openFrame = async () => {
    const page = await window.open(`${dashboard.address}/nowhere`);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    return page;
  };
  /** As goTo, but within the page that is open, for less than half of the CPU. Each address is loaded as such where a phone is tried. */
  const moveTo = async (page: Page, path: string, shown: string) => {
    await page.evaluate(`
      document.adoptedStyleSheets = [];
      for (const one of document.querySelectorAll('${shown}')) one.dataset.before = '';
      __TSR_ROUTER__.history.push('${path}');
    `);
    await page.locator(`:is(${shown}):not([data-before])`).first().waitFor();
    await page.locator('button.live').filter({ hasText: /^live/ }).waitFor();
  };
  /** @param what everything, what a narrow window can change, or what another theme and another font can */
  const violations = async (page: Page, what: keyof typeof RULES = 'all'): Promise<string[]> => {
    if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(AXE);
    return page.evaluate<string[]>(`
      axe.run(document, ${JSON.stringify({ ...RULES[what], resultTypes: ['violations'] })}).then(({ violations }) =>
        violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => id + ': '
            + nodes.map((node) => node.target.join(' ') + ' ' + node.html.slice(0, 120)).join(' | ')))`);
  };
  /** A font with next to no ascent and descent: a target that is as high as its text is too small in it. */
  const setLowFont = (page: Page) =>
    page.evaluate(`
      const file = [...document.fonts].length && performance.getEntriesByType('resource').find(({ name }) => /inter-latin-wght.*woff2/.test(name)).name;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('@font-face { font-family: Low; src: url(' + file + '); ascent-override: 40%; descent-override: 5%; line-gap-override: 0% }'
        + ' :root { --sans: Low !important; --mono: Low !important }');
      document.adoptedStyleSheets = [sheet];
      document.fonts.load('13px Low');
    `);

  it.each([
    ['overview and tasks', /^\/($|tasks)/],
    ['workers', /^\/workers/],
    [
      'queues, schedules, access, alerts, audit, and what is no page',
      /^\/(queues|broker|sched|access|alerts|audit|nowhere)/,
    ],
    ['workflows', /^\/workflows/],
  ])('has nothing axe finds serious on %s, in light and dark, in any font', async (_which, these) => {
    const page = await openFrame();
    const found: Record<string, string[]> = {};
    for (const [path, shown] of pages().filter(([path]) => these.test(path))) {
      await page.emulateMedia({ colorScheme: 'light' });
      await moveTo(page, path, shown);
      const light = await violations(page);
      if (light.length > 0) found[`${path} light`] = light;
      await page.emulateMedia({ colorScheme: 'dark' });
      await setLowFont(page);
      const dark = await violations(page, 'looks');
      if (dark.length > 0) found[`${path} dark, in a low font`] = dark;
    }
    expect(found).toEqual({});
  });

  it('has nothing axe finds serious in what opens over a page', async () => {
    const page = await openFrame();
    const found: Record<string, string[]> = {};
    const look = async (what: string) => {
      const list = await violations(page);
      if (list.length > 0) found[what] = list;
    };
    await moveTo(page, '/tasks', '.tasks-table tbody a[data-row]');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await look('keys');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('option').first().waitFor();
    await look('palette');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.getByRole('option').first().waitFor();
    await look('completion');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('.');
    await page.getByRole('menu').waitFor();
    await look('menu');
    await page.keyboard.press('Escape');
    await page.keyboard.press('x');
    await page.getByRole('toolbar', { name: 'Selected tasks' }).waitFor();
    await look('selection');
    await moveTo(page, '/queues/unattended', '.opened tbody tr');
    await page.getByRole('button', { name: 'Purge queue' }).click();
    await page.getByRole('dialog').waitFor();
    await look('purge');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await moveTo(page, `/workers/${WORKER}`, '.limits tbody tr');
    await page.getByRole('button', { name: 'Limits of limited' }).click();
    await page.getByRole('textbox', { name: 'Rate limit of limited' }).waitFor();
    await look('limits');
    expect(found).toEqual({});
  });

  it('marks what is pressed, selected or current under a forced palette', async () => {
    const page = await openFrame();
    await page.emulateMedia({ forcedColors: 'active' });
    const alike = new Set<string>();
    const kinds = new Set<string>();
    for (const [path, shown] of pages().filter(([path]) =>
      /^\/($|tasks\?task=|workers\/.*queues|queues$)/.test(path),
    )) {
      await moveTo(page, path, shown);
      const found = await page.evaluate<[string, string, boolean][]>(`
        ['aria-pressed', 'aria-selected', 'aria-current'].flatMap((name) =>
          [...document.querySelectorAll('[' + name + ']:not([' + name + '=false])')].map((element) => {
            // The palette takes the ground of whatever does not say that it keeps its own.
            const looks = () => {
              const { forcedColorAdjust, backgroundColor, outlineStyle, outlineWidth } = getComputedStyle(element);
              const ground = forcedColorAdjust === 'none' ? backgroundColor : '';
              return ground + (outlineStyle === 'none' ? '' : outlineWidth);
            };
            const value = element.getAttribute(name);
            const marked = looks();
            element.removeAttribute(name);
            const plain = looks();
            element.setAttribute(name, value);
            return [name, element.outerHTML.slice(0, 80), marked !== plain];
          }),
        )
      `);
      for (const [name, html, marked] of found) {
        kinds.add(name);
        if (!marked) alike.add(html);
      }
    }
    expect([...kinds].sort()).toEqual(['aria-current', 'aria-pressed', 'aria-selected']);
    expect([...alike]).toEqual([]);
  });

  it('prints every row that is loaded, up to a thousand, and not only those in sight', async () => {
    const page = await window.blank(dashboard.address);
    const known = await (await fetch(`${dashboard.address}/api/v2/tasks?limit=1`)).json();
    const [row] = (known as { items: object[] }).items;
    const items = Array.from({ length: 1100 }, (_, i) => ({ ...row, uuid: `printed-${i}` }));
    await page.route('**/api/v2/tasks?*', (route) =>
      route.fulfill({ json: { ...(known as object), items, next: null } }),
    );
    await goTo(page, '/tasks', '.tasks-table tbody tr[data-key="printed-0"]');
    const drawn = () => page.locator('.tasks-table tbody tr[data-key^="printed-"]').count();
    expect(await drawn()).toBeLessThan(200);
    const before = await page.evaluate<number>(`
      dispatchEvent(new Event('beforeprint'));
      document.querySelectorAll('.tasks-table tbody tr[data-key^="printed-"]').length
    `);
    expect(before, 'drawn when the event has been handled').toBe(1000);
    await page.getByText('Printed: the first 1,000 of 1,100 lines.').waitFor();
    await page.evaluate(`dispatchEvent(new Event('afterprint'))`);
    expect(await drawn()).toBeLessThan(200);
    await page.emulateMedia({ media: 'print' });
    await page.getByText('Printed: the first 1,000 of 1,100 lines.').waitFor();
  });

  it('fits 360 pixels: no page scrolls sideways, what is touched is large enough, and axe finds nothing serious', async () => {
    const page = await window.blank(dashboard.address, ON_PHONE);
    const wrong: Record<string, unknown> = {};
    for (const [path, shown] of pages()) {
      await goTo(page, path, shown);
      const width = await page.evaluate<number>(
        'Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)',
      );
      if (width > PHONE.width) wrong[`${path} is wide`] = width;
      const small = await page.evaluate<string[]>(`
        [...document.querySelectorAll('button, [role="tab"], nav a, input[type=checkbox]')]
          .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
          .map((element) => [element, element.getBoundingClientRect()])
          .filter(([, box]) => box.width > 1 && box.height > 1 && (box.width < 23.5 || box.height < 23.5))
          .map(([element, box]) => element.outerHTML.slice(0, 100) + ' ' + Math.round(box.width) + 'x' + Math.round(box.height))
      `);
      if (small.length > 0) wrong[`${path} has small targets`] = small;
      const low = await page.evaluate<string[]>(`
        [...document.querySelectorAll('tr.opens, nav a, nav button, .sort, .fold-button, .facets button, [role="tab"], .filters button')]
          .map((element) => [element, element.getBoundingClientRect()])
          .filter(([, box]) => box.height > 1 && box.height < 43.5)
          .map(([element, box]) => element.outerHTML.slice(0, 100) + ' ' + Math.round(box.height))
      `);
      if (low.length > 0) wrong[`${path} has targets below 44 pixels`] = low;
      // Structure is the same in a wide window, where all of it is looked at.
      const serious = LAYOUT_CHANGES.test(path) || process.env['UMBEL_LONG'] ? await violations(page, 'narrow') : [];
      if (serious.length > 0) wrong[`${path} has what axe finds serious`] = serious;
      if (!/^\/(?:|broker|queues|workers|alerts)$/.test(path)) continue;
      // As wide as a tablet: neither a phone's layout nor room for a desktop's.
      await page.setViewportSize({ width: 768, height: 900 });
      const over = await page.evaluate<string[]>(OVERLAPS);
      if (over.length > 0) wrong[`${path} has texts over each other at 768`] = over;
      await page.setViewportSize(PHONE);
    }
    expect(wrong).toEqual({});
  });

  it('speaks Chinese once that is chosen in the menu: stays so, says so, fits a phone, and axe finds nothing serious', async () => {
    // In a context of its own, where nothing is cached yet.
    const context = await window.context(ON_PHONE);
    const page = await context.newPage();
    // Pressed before its menu has come, it opens all the same.
    let pressed = () => {};
    const press = new Promise<void>((resolve) => {
      pressed = resolve;
    });
    await page.route('**/more-menu-*.js', (route) => press.then(() => route.continue()));
    await page.goto(dashboard.address);
    await page.getByRole('button', { name: 'More' }).click();
    pressed();
    await page.getByRole('menuitem', { name: '简体中文' }).click();
    await page.getByRole('heading', { name: '概览' }).waitFor();
    const wrong: Record<string, unknown> = {};
    for (const [path, shown, words] of [
      ['/', '.traffic svg.recharts-surface', '吞吐量'],
      ['/schedules?entry=nightly', '.run-list', '每天 02:30'],
      [`/tasks?task=${failed}`, '.detail .trace', '回溯'],
    ] as const) {
      await page.goto(dashboard.address + path);
      await page.locator(shown).first().waitFor();
      await page.getByText(words).first().waitFor();
      const [lang, width] = await page.evaluate<[string, number]>(
        '[document.documentElement.lang, Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)]',
      );
      if (lang !== 'zh-CN') wrong[`${path} speaks`] = lang;
      if (width > PHONE.width) wrong[`${path} is wide`] = width;
      if (path === '/') wrong['/'] = await violations(page);
    }
    expect(wrong).toEqual({ '/': [] });
  });

  it('shows names of 300 letters, and nothing scrolls sideways', async () => {
    const page = await window.blank(dashboard.address, ON_PHONE);
    const name = 'q'.repeat(300);
    const known = await (await fetch(`${dashboard.address}/api/v2/workers/${WORKER}`)).json();
    await page.route(`**/api/v2/workers/${name}`, (route) =>
      route.fulfill({ json: { ...(known as object), hostname: name } }),
    );
    await goTo(page, `/workers/${name}`, '.limits tbody tr');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);

    // Beside a list, too, and in a sentence.
    await page.route('**/api/v2/schedules', async (route) => {
      const reply = await route.fetch();
      const schedule = (await reply.json()) as { items: { name: string; task: string; options: object }[] };
      for (const entry of schedule.items) Object.assign(entry, { task: name, options: { queue: name } });
      await route.fulfill({ response: reply, json: schedule });
    });
    await goTo(page, '/schedules?entry=nightly', '.schedule-entry h2');
    await page.locator('.schedule-entry').getByText(name).first().waitFor();
    expect(
      await page.evaluate(
        "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.side'))",
      ),
    ).toBe(0);
  });

  it('edits a limit on a phone: the whole editor is in sight, and what is touched is 44 pixels high', async () => {
    const page = await window.blank(dashboard.address, ON_PHONE);
    await goTo(page, `/workers/${WORKER}`, '.limits tbody tr');
    await page.getByRole('button', { name: 'Limits of limited' }).tap();
    const field = page.getByRole('textbox', { name: 'Rate limit of limited' });
    await field.fill('4/s');
    const editor = page.locator('.detail-line').filter({ has: field });
    const boxes = await editor.locator('input, select, button').evaluateAll((found) =>
      found.map((one) => {
        const element = one as unknown as {
          getBoundingClientRect(): Record<'left' | 'right' | 'height', number>;
          outerHTML: string;
        };
        const { left, right, height } = element.getBoundingClientRect();
        return { left, right, height, what: element.outerHTML.slice(0, 80) };
      }),
    );
    expect(boxes.length).toBeGreaterThan(2);
    expect(boxes.filter(({ left, right, height }) => left < 0 || right > PHONE.width || height < 43.5)).toEqual([]);
    await editor.getByRole('button', { name: /^Limit on/ }).waitFor();
  });

  it('leads from page to page by the bar at the bottom of a phone', async () => {
    const page = await window.open(dashboard.address, ON_PHONE);
    const bar = page.getByRole('navigation', { name: 'Main' });
    for (const name of ['Tasks', 'Workers', 'Queues', 'Overview']) {
      await bar.getByRole('link', { name, exact: true }).tap();
      await page.getByRole('heading', { level: 1, name }).waitFor();
    }
    await bar.getByRole('button', { name: 'More' }).tap();
    await page.getByRole('menuitem', { name: 'Audit' }).tap();
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
  });
});
