// Signing in and out as a person does. Sessions and their limits: test/dashboard/sessions.test.ts; providers: test/dashboard/providers.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { describeNeedsNginx, startNginx } from '../support/nginx.ts';
import { type OidcServer, startOidcServer } from '../support/oidc-server.ts';
import { freePort } from '../support/server-process.ts';
import { useBrowser } from './support/browser.ts';
import { CHROMIUM } from './support/chromium.ts';
import { LONG, ROOT, useCluster } from './support/cluster.ts';

describe.skipIf(!CHROMIUM)('the sign-in page, in Chromium', { timeout: 3 * LONG }, () => {
  const cluster = useCluster();
  const window = useBrowser();

  it('leads to the page that was asked for, says what was wrong, and an ended session leads back to it', async () => {
    const db = `${cluster.folder}/sign-in.db`;
    const others = ['--cluster', `shop=${cluster.broker}`, '--cluster', `mail=sqlite:///${cluster.folder}/mail.db`];
    const { address } = await cluster.startDashboard(
      ...['--basic-auth', 'ada:enigma', '--url-prefix', '/ops', '--db', db, ...others],
    );
    const all = address.replace(/\/$/, '');
    const base = `${all}/c/shop`;
    const page = await window.open(`${base}/tasks?state=FAILURE`, { allow: /401/ });
    await page.waitForURL((url) => url.pathname === '/ops/c/shop/login');
    // Strangers are told nothing of the cluster.
    expect(await page.locator('main').innerText()).not.toMatch(/celery|redis|worker|\d\.\d/i);
    const spoken = () => page.locator('html').getAttribute('lang');
    await page.getByRole('button', { name: '简体中文' }).click();
    await page.getByRole('heading', { name: '登录' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '登录' }).waitFor();
    expect(await spoken()).toBe('zh-CN');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await spoken()).toBe('en');
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

    // To the same place of another cluster without signing in again, by the keyboard; to all of them; and by the palette.
    await page.getByRole('button', { name: 'Cluster shop. Choose another' }).press('Enter');
    const item = page.getByRole('menuitemcheckbox');
    await expect.poll(() => item.allInnerTexts()).toEqual(['shop', 'mail']);
    expect(await item.and(page.locator('[aria-checked=true]')).innerText()).toBe('shop');
    await item.nth(1).press('Enter');
    await page.waitForURL(`${all}/c/mail/tasks`);
    await page.getByRole('button', { name: 'Cluster mail. Choose another' }).click();
    await page.getByRole('menuitem', { name: 'All clusters' }).click();
    await page.waitForURL(`${all}/`);
    await page.getByRole('row', { name: /^mail heard 0 of 0/ }).waitFor();
    await page.getByRole('link', { name: 'mail' }).click();
    await page.waitForURL(`${all}/c/mail/`);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Search or jump to' }).waitFor();
    await page.keyboard.type('shop');
    await page.getByRole('option', { name: /^shop\b/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${base}/`);

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
    await page.goto(`${all}/`);
    await page.waitForURL((url) => url.pathname === '/ops/login');
  });
});

describe.skipIf(!CHROMIUM || describeNeedsNginx === describe.skip)(
  'a sign-in provider, in Chromium, behind nginx with TLS and a prefix',
  { timeout: 3 * LONG },
  () => {
    const cluster = useCluster();
    const window = useBrowser();
    let server: OidcServer;
    let pem: Certificates;
    afterAll(async () => {
      pem?.remove();
      await server?.close();
    });

    it('leads there and back to the page that was asked for; who is refused is told why and can be somebody else', async () => {
      const [port, plain, front] = [await freePort(), await freePort(), await freePort()];
      const base = `https://localhost:${front}/ops`;
      const verified = { email_verified: true };
      const people = {
        ann: { email: 'ann@shop.example', ...verified },
        bob: { email: 'bob@else.example', ...verified },
      };
      server = await startOidcServer([`${base}/login`], people);
      pem = makeCertificates();
      const nginx = await startNginx(
        cluster.folder,
        `listen 127.0.0.1:${front} ssl; ssl_certificate ${pem.serverCert}; ssl_certificate_key ${pem.serverKey};
      ${/```nginx\n([\s\S]*?)```/
        .exec(readFileSync(`${ROOT}/docs/guides/deploying.md`, 'utf8'))![1]!
        .replaceAll('/umbel/', '/ops/')
        .replace('127.0.0.1:5555', `127.0.0.1:${port}`)}`,
        plain,
      );
      onTestFinished(() => nginx.stop());
      const provider = [
        ...[
          '--auth-provider',
          'oidc',
          '--oidc-issuer',
          server.issuer,
          '--oidc-name',
          'Shop ID',
          '--auth',
          '.*@shop.example',
        ],
        ...['--oauth2-key', server.id, '--oauth2-secret', server.secret, '--oauth2-redirect-uri', `${base}/login`],
      ];
      const own = [
        '--port',
        String(port),
        '--url-prefix',
        '/ops',
        '--xheaders',
        '--db',
        `${cluster.folder}/provider.db`,
      ];
      const dashboard = await cluster.startDashboard(...own, ...provider);

      const page = await window.open(`${base}/tasks?state=FAILURE`, { ignoreHTTPSErrors: true, allow: /401/ });
      await page.getByRole('link', { name: 'Continue with Shop ID' }).click();
      await page.getByRole('link', { name: 'nobody' }).click();
      await page.getByRole('alert').getByText('You were not signed in at Shop ID.').waitFor();
      await page.getByRole('link', { name: 'Continue with Shop ID' }).click();
      await page.getByRole('link', { name: 'bob' }).click();
      await page.getByRole('alert').getByText('Shop ID knows you as bob@else.example.').waitFor();
      await page.getByRole('link', { name: 'Use another Shop ID account' }).click();
      await page.getByRole('link', { name: 'ann' }).click();
      await page.waitForURL(`${base}/tasks?state=FAILURE`);
      const cookies = (await page.context().cookies()).filter(({ name }) => name.includes('umbel'));
      expect(cookies).toEqual([
        expect.objectContaining({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/ops/' }),
      ]);
      await page.goto(`${base}/audit`);
      await page.getByText('Signed in with Shop ID').waitFor();
      await page.getByText('bob@else.example is none of auth').first().waitFor();
      expect(dashboard.process.stdout() + dashboard.process.stderr()).not.toMatch(
        new RegExp(`${server.secret}|[?&]code=[^*]`),
      );

      // A page that was left and come back to is not a second way in.
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${base}/login`);
      // It has asked what came of the last try: else it might get the answer meant for the next page.
      await page.getByRole('link', { name: 'Continue with Shop ID' }).waitFor();
      await page.goto(`${base}/login?code=abc&state=def`);
      await page.getByRole('alert').getByText('Signing in with Shop ID was not finished.').waitFor();
      expect(page.url()).not.toContain('code=');
    });
  },
);
