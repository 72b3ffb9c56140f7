// Signing in at GitHub and GitLab, which are asked by OAuth 2 and then by their API, as they document both.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DashboardOptions } from '../../../server/dashboard/dashboard.ts';
import { type Forge, startForge } from '../../support/forge.ts';
import { HERE, Visitor, world } from './world.ts';

let forge: Forge;
beforeAll(async () => {
  forge = await startForge();
});
afterAll(() => forge?.close());

const here = (options: DashboardOptions) =>
  world({
    ...{ oauth2_key: forge.id, oauth2_secret: forge.secret, oauth2_redirect_uri: `${HERE}/login` },
    ...options,
  });
const github = (options: DashboardOptions) =>
  here({ auth_provider: 'flower.views.auth.GithubLoginHandler', github_oauth_domain: forge.url, ...options });
const gitlab = (options: DashboardOptions) =>
  here({ auth_provider: 'flower.views.auth.GitLabLoginHandler', gitlab_oauth_domain: forge.url, ...options });
const address = (email: string, verified = true, primary = false) => ({ email, verified, primary });

it('GitHub: any verified address may be the one that is wanted, and no other; the first is how one is known', async () => {
  const made = github({ auth: 'ann@shop.example' });
  forge.account = { emails: [address('me@home.example', true, true), address('ann@shop.example')] };
  const visitor = new Visitor(made);
  expect(await visitor.signIn('github', undefined, '?next=/tasks')).toBe('/tasks');
  expect(await visitor.whoAmI()).toBe('ann@shop.example');

  forge.account = { emails: [address('me@home.example', true, true), address('ann@shop.example', false)] };
  const other = new Visitor(made);
  await other.signIn('github');
  expect(await other.notice()).toMatchObject({ kind: 'denied', as: 'me@home.example', record: expect.any(Number) });
  forge.account = { emails: [address('ann@shop.example', false, true)] };
  const unverified = new Visitor(made);
  await unverified.signIn('github');
  expect(await unverified.notice()).toMatchObject({ kind: 'unverified', as: null });
  expect((await made.audit()).map(({ who, outcome }) => [who, outcome])).toEqual([
    ['somebody at GitHub', 'refused'],
    ['me@home.example', 'refused'],
    ['ann@shop.example', 'ok'],
  ]);
});

it('GitHub: organisations and teams are groups of rules; a code counts once; whose access was taken away is signed out', async () => {
  const made = github({
    access_rules: [
      { who: 'group:shop/platform', role: 'operator' },
      { who: 'root', role: 'admin' },
    ],
    session_recheck: 60,
  });
  forge.account = { emails: [address('ann@shop.example', true, true)], orgs: ['shop'], teams: [['shop', 'platform']] };
  const visitor = new Visitor(made);
  const { location } = await visitor.begin('github');
  expect(new URL(location).searchParams.get('scope')).toBe('user:email read:org');
  const url = await visitor.there(location);
  await visitor.back(url);
  expect((await visitor.ask('/api/v2/cluster')).json()).toMatchObject({ role: 'operator', user: 'ann@shop.example' });
  // With a way back of its own, and the code of the first.
  const thief = new Visitor(made);
  const back = new URL(await thief.there((await thief.begin('github')).location));
  back.searchParams.set('code', new URL(url).searchParams.get('code')!);
  await thief.back(back.toString());
  expect(await thief.notice()).toMatchObject({ kind: 'expired' });

  made.timer.advance(61_000);
  expect(await visitor.whoAmI()).toBe('ann@shop.example');
  forge.account = { ...forge.account, teams: [] };
  made.timer.advance(61_000);
  expect(await visitor.whoAmI()).toBe(403);
  forge.revoke();
  made.timer.advance(61_000);
  expect(await visitor.whoAmI()).toBe(401);
  expect(made.said()).not.toMatch(/at-[\da-f]{8}|forge-s3cret/);
});

it('GitLab: one must be in an allowed group at the level, at the beginning and from then on', async () => {
  const made = gitlab({
    gitlab_auth_allowed_groups: 'shop/platform, other',
    gitlab_min_access_level: 30,
    session_recheck: 60,
  });
  const user = { username: 'ann', email: 'ann@shop.example', confirmed_at: '2020-01-01T00:00:00Z' };
  forge.account = { user, groups: { first: 50, shop: 30, 'shop/platform': 30 } };
  const visitor = new Visitor(made);
  expect(await visitor.signIn('gitlab')).toBe('/');
  expect(await visitor.whoAmI()).toBe('ann@shop.example');
  expect(forge.asked.filter((one) => one.startsWith('/api/v4/groups'))).toHaveLength(3);

  forge.account = { user, groups: { 'shop/platform': 20 } };
  const low = new Visitor(made);
  await low.signIn('gitlab');
  expect(await low.notice()).toMatchObject({ kind: 'denied', as: 'ann@shop.example' });
  for (const confirmed of [{ confirmed_at: null }, {}]) {
    const { username, email } = user;
    forge.account = { user: { username, email, ...confirmed }, groups: { other: 50 } };
    const unconfirmed = new Visitor(made);
    await unconfirmed.signIn('gitlab');
    expect(await unconfirmed.notice()).toMatchObject({ kind: 'unverified', as: 'ann' });
  }

  // Its tokens are renewed, each once, as often as it is asked.
  forge.account = { user, groups: { other: 30 } };
  for (let i = 0; i < 2; i++) {
    made.timer.advance(61_000);
    expect(await visitor.whoAmI()).toBe('ann@shop.example');
  }
  forge.account = { user, groups: {} };
  made.timer.advance(61_000);
  expect(await visitor.whoAmI()).toBe(401);
  expect(made.said()).toMatch(/is in none of gitlab_auth_allowed_groups\. Their session ends/);
  const wrong = gitlab({ auth: '.*@shop.example', oauth2_secret: 'another' });
  const other = new Visitor(wrong);
  await other.signIn('gitlab');
  expect(await other.notice()).toMatchObject({ kind: 'broken' });
  expect(wrong.said()).toMatch(/invalid_client/);
});
