// Signing in and out as a person does. Sessions and their limits: test/dashboard/sessions.test.ts.
import { describe, expect, it } from 'vitest';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { LONG, useCluster } from './support/cluster.ts';

describe.skipIf(!CHROMIUM)('the sign-in page, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser();

  it('leads to the page that was asked for, says what was wrong, and an ended session leads back to it', async () => {
    const db = `${cluster.folder}/sign-in.db`;
    const { address } = await cluster.startDashboard('--basic-auth', 'ada:enigma', '--url-prefix', '/ops', '--db', db);
    const base = address.replace(/\/$/, '');
    const page = await window.open(`${base}/tasks?state=FAILURE`, { allow: /401/ });
    await page.waitForURL((url) => url.pathname === '/ops/login');
    // Strangers are told nothing of the cluster.
    expect(await page.locator('main').innerText()).not.toMatch(/celery|redis|worker|\d\.\d/i);
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill('riddle');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Name or password is wrong.').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('ada');
    await page.getByLabel('Password', { exact: true }).fill('enigma');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${base}/tasks?state=FAILURE`);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/ops/' });

    // By another browser of the same person, as by an admin.
    await page.goto(`${base}/access`);
    await page.getByText('this one').waitFor();
    const headers = { authorization: `Basic ${btoa('ada:enigma')}`, 'content-type': 'application/json' };
    const ended = await fetch(`${base}/api/v2/sessions/end`, { method: 'POST', headers, body: '{"user":"ada"}' });
    expect(await ended.json()).toEqual({ ended: 1 });
    await page.getByText('You are not signed in any more.').waitFor();
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill('enigma');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${base}/access`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${base}/login`);
    await page.goto(`${base}/`);
    await page.waitForURL((url) => url.pathname === '/ops/login');
  });
});
