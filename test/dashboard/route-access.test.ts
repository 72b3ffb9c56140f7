// What each route takes to be asked: its own row says so, those of Flower's paths too.
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireDeclaredAccess } from '../../server/dashboard/access/gate.ts';
import { VIEWER } from '../../server/dashboard/access/identity.ts';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { FLOWER_ROUTES } from '../../server/dashboard/routes/flower/flower.ts';
import { silentLogger } from '../../server/log.ts';
import { describeRoute, ROUTES, type RouteKey } from '../../shared/wire/routes.ts';

describe('routes', () => {
  it('say each what one needs for it, and none but those of health, metrics and signing in is open without a login', async () => {
    const server = fastify();
    const routes: { method: string; url: string; access: unknown }[] = [];
    server.addHook('onRoute', ({ method, url, config }) => {
      for (const one of [method].flat()) routes.push({ method: one, url, access: config?.access });
    });
    const options = { broker: `memory://${randomUUID()}`, db: ':memory:', port: 0, basic_auth: 'ann:secret' };
    const inner = createDashboard(options, { log: silentLogger, pages: null });
    await server.register(inner.plugin);
    onTestFinished(() => inner.close());
    expect(routes.length).toBeGreaterThan(30);
    expect(routes.filter(({ access }) => !['public', 'viewer', 'operator', 'admin'].includes(String(access)))).toEqual(
      [],
    );
    // A route is a row of the table. What is none answers with no data: pages, and what is not there.
    const none = ['/', '/*', '/api', '/api/*', '/alive', '/alive/*', '/login', '/login/:provider'];
    // Flower's old pages lead to ours.
    none.push('/dashboard', '/monitor', '/worker/*', '/workers', '/task/*');
    const rows = (Object.keys(ROUTES) as RouteKey[]).map(describeRoute);
    // Sockets that tell events, as Flower had them: to who may see tasks.
    const isSocket = (url: string) => url.startsWith('/api/task/events/');
    const sockets = routes.filter(({ url }) => isSocket(url));
    expect(new Set(sockets.map(({ access }) => access))).toEqual(new Set(['viewer']));
    none.push(...sockets.map(({ url }) => url));
    // Flower's paths have a table of their own; each is registered for every method, most of which it refuses.
    const flower = new Map(FLOWER_ROUTES.map(({ path, access }) => [path, access]));
    expect(routes.filter(({ url, access }) => flower.has(url) && flower.get(url) !== access)).toEqual([]);
    expect([...flower.keys()].filter((path) => !routes.some(({ url }) => url === path))).toEqual([]);
    const registered = routes
      .filter(({ method, url }) => method !== 'HEAD' && !none.includes(url) && !flower.has(url))
      .map(({ method, url, access }) => `${method} ${url}: ${String(access)}`);
    // Asked of a dashboard of several clusters (several-clusters.test.ts).
    const ofOne = rows.filter(({ path }) => path !== '/api/v2/clusters');
    expect(registered.sort()).toEqual(ofOne.map(({ method, path, access }) => `${method} ${path}: ${access}`).sort());
    const open = new Set(routes.filter(({ access }) => access === 'public').map(({ url }) => url));
    expect([...open].sort()).toEqual([
      ...['/alive', '/alive/*', '/alive/:worker', '/api/v2/session', '/healthcheck', '/login'],
      ...['/login/:provider', '/metrics', '/readyz'],
    ]);
    const acting = routes.filter(
      ({ method, url }) =>
        !['GET', 'HEAD'].includes(method) && !['/api', '/api/*'].includes(url) && !flower.has(url) && !isSocket(url),
    );
    expect(acting.sort((a, b) => (a.url < b.url ? -1 : 1))).toEqual([
      { method: 'POST', url: '/api/v2/alerts/channels/:name/test', access: 'admin' },
      { method: 'POST', url: '/api/v2/alerts/rules', access: 'admin' },
      { method: 'POST', url: '/api/v2/alerts/rules/:id', access: 'admin' },
      { method: 'DELETE', url: '/api/v2/alerts/rules/:id', access: 'admin' },
      { method: 'POST', url: '/api/v2/alerts/rules/:id/enable', access: 'admin' },
      { method: 'POST', url: '/api/v2/alerts/rules/:id/silence', access: 'operator' },
      // Of what is done the operation's row says it as well (routes/automations.ts).
      { method: 'POST', url: '/api/v2/automations', access: 'operator' },
      { method: 'POST', url: '/api/v2/automations/:id', access: 'operator' },
      { method: 'DELETE', url: '/api/v2/automations/:id', access: 'operator' },
      { method: 'POST', url: '/api/v2/automations/:id/mode', access: 'operator' },
      { method: 'POST', url: '/api/v2/automations/try', access: 'operator' },
      // Each operation says in its row what it takes.
      { method: 'POST', url: '/api/v2/operations', access: 'viewer' },
      { method: 'POST', url: '/api/v2/schedules', access: 'operator' },
      { method: 'POST', url: '/api/v2/schedules/delete', access: 'operator' },
      { method: 'POST', url: '/api/v2/schedules/enable', access: 'operator' },
      { method: 'POST', url: '/api/v2/schedules/run', access: 'operator' },
      { method: 'POST', url: '/api/v2/session', access: 'public' },
      { method: 'DELETE', url: '/api/v2/session', access: 'viewer' },
      // Those of others for an admin (routes/session.ts).
      { method: 'POST', url: '/api/v2/sessions/end', access: 'viewer' },
      { method: 'POST', url: '/api/v2/tokens', access: 'operator' },
      { method: 'DELETE', url: '/api/v2/tokens/:id', access: 'operator' },
      { method: 'POST', url: '/api/v2/views', access: 'operator' },
      { method: 'DELETE', url: '/api/v2/views/:id', access: 'operator' },
    ]);
    for (const { method, url, access } of routes) {
      if (access === 'public' || method === 'TRACE') continue;
      const path = url.replace('*', 'x').replace(/:\w+/g, 'x');
      const reply = await server.inject({ method: method as 'GET', url: path, headers: { host: 'localhost' } });
      // What a browser asks by itself, before it sends a login: nothing is told.
      const status = method === 'OPTIONS' && flower.has(url) ? 204 : 401;
      expect([method, path, reply.statusCode]).toEqual([method, path, status]);
    }
    await server.close();
  });

  it('that do not say it are refused when they are registered', () => {
    const route = { method: 'GET', url: '/new', handler: () => {} } as const;
    expect(() => requireDeclaredAccess(route)).toThrow(/GET \/new does not say who may use it/);
    requireDeclaredAccess({ ...route, config: VIEWER });
  });
});
