// Tried as a new user would: the start script of a Flower with one word changed, a cron job that calls its API, Prometheus, all of it behind
// nginx with a prefix as the guide has it; and the Dockerfile's steps, without Docker. What runs is the package as others get it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { createContainer } from './support/container.ts';
import { itNeedsTmpfs } from './support/needs.ts';
import { checkNginx, describeNeedsNginx, startNginx } from './support/nginx.ts';
import { type Packed, packProject, ROOT } from './support/packed.ts';
import { type RedisServer, redisServer } from './support/redis-server.ts';
import { serverEvents } from './support/server-events.ts';
import { freePort } from './support/server-process.ts';
import { until } from './support/until.ts';

/** As it stood before, but for its first word. */
const START = `#!/bin/sh
exec celery --broker="$BROKER" --result-backend="$BROKER" flower \\
  --address=127.0.0.1 --port="$PORT" --url_prefix=flower --xheaders=True \\
  --basic_auth=ops:pw --persistent=True --db=flower --state_save_interval=10000 \\
  --max_tasks=20000 --max_workers=500 --purge_offline_workers=3600 --inspect_timeout=10000 \\
  --auto_refresh=True --natural_time=True --enable_events=True --logging=warning \\
  --tasks_columns=name,uuid,state,args,kwargs,result,received,started,runtime,worker
`;

/** Sends a task, waits for it, looks for workers that are gone: what people run every minute. */
const CRON = `import base64, json, os, sys, time, urllib.request
def call(path, body=None):
    request = urllib.request.Request(os.environ['FLOWER'] + path, None if body is None else json.dumps(body).encode())
    request.add_header('Authorization', 'Basic ' + base64.b64encode(b'ops:pw').decode())
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)
gone = [name for name, alive in call('/api/workers?status=true').items() if not alive]
sent = call('/api/task/async-apply/shop.add', {'args': [2, 3]})
result = call('/api/task/result/%s?timeout=60' % sent['task-id'])
while call('/api/task/info/' + sent['task-id'])['state'] != 'SUCCESS': time.sleep(0.1)
tasks = call('/api/tasks?limit=5&state=SUCCESS&taskname=shop.add')
queues = [queue['name'] for queue in call('/api/queues/length')['active_queues']]
print(json.dumps([gone, result['state'], result['result'], [task['uuid'] == sent['task-id'] for task in tasks.values()], queues]))
`;

const guide = readFileSync(join(ROOT, 'docs/guides/deploying.md'), 'utf8');
const blocks = (language: string, text = guide): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block!);

describeNeedsNginx('a new user', () => {
  let packed: Packed;
  let redis: RedisServer;
  const children: ChildProcess[] = [];
  const run = (command: string, args: readonly string[], env: Record<string, string>, cwd = packed.folder) => {
    const path = `${join(packed.folder, 'bin')}:${process.env.PATH}`;
    const child = spawn(command, args, { cwd, env: { ...process.env, PATH: path, ...env }, stdio: 'pipe' });
    children.push(child);
    let said = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (data: Buffer) => {
        said += data.toString();
      });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, ended, said: () => said };
  };
  const isUp = (url: string, started: { said(): string; child: ChildProcess }) =>
    until(async () => {
      if (started.child.exitCode !== null) throw new Error(`It ended: ${started.said()}`);
      return fetch(`${url}/healthcheck`).then(
        (reply) => reply.ok,
        () => false,
      );
    }, `${url} to answer`);

  beforeAll(async () => {
    packed = await packProject();
    redis = await redisServer();
    mkdirSync(join(packed.folder, 'bin'));
    // What npm makes of the package's "bin".
    writeFileSync(
      join(packed.folder, 'bin/umbel'),
      `#!/bin/sh\nexec "${process.execPath}" "${packed.folder}/node_modules/umbel/dist/cli.js" "$@"\n`,
      { mode: 0o755 },
    );
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(
      children.map((child) => child.exitCode === null && new Promise((done) => child.once('close', done))),
    );
    await redis?.close();
    packed?.remove();
  });

  it('changes one word of a start script, and scripts, metrics and the proxy go on', async () => {
    const [port, front] = [await freePort(), await freePort()];
    const broker = redis.freshUrl();
    writeFileSync(join(packed.folder, 'start.sh'), START.replace('exec celery', 'exec umbel'), { mode: 0o755 });
    writeFileSync(
      join(packed.folder, 'tasks.mjs'),
      `import { Celery } from 'umbel';
       export const app = new Celery('shop', { broker: '${broker}', backend: '${broker}' });
       app.task({ name: 'shop.add' }, (x, y) => x + y);`,
    );
    const dashboard = run('./start.sh', [], { BROKER: broker, PORT: String(port) });
    run('umbel', ['-A', './tasks.mjs', 'worker', '-E', '-c', '1', '-n', 'w1@shop'], {});
    await isUp(`http://127.0.0.1:${port}/flower`, dashboard);
    // What has no effect here says so, and what takes its place.
    await until(() => /persistent has no effect here/.test(dashboard.said()), 'a word about --persistent');

    const [location] = blocks('nginx');
    const own = location!.replaceAll('/umbel/', '/flower/').replace('127.0.0.1:5555', `127.0.0.1:${port}`);
    const nginx = await startNginx(packed.folder, own, front);
    onTestFinished(() => nginx.stop());
    const url = `http://127.0.0.1:${front}/flower`;
    const authorization = `Basic ${btoa('ops:pw')}`;
    const ask = (path: string) => fetch(url + path, { headers: { authorization, accept: 'text/html' } });
    await until(
      async () => (await (await ask('/api/workers?status=true')).text()).includes('"w1@shop":true'),
      'the worker',
    );

    const page = await ask('/tasks');
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<base href="/flower/">')]);
    expect((await fetch(`${url}/api/tasks`)).status).toBe(401);

    const stream = await serverEvents(`${url}/api/v2/events?type=task-succeeded`, { authorization });
    writeFileSync(join(packed.folder, 'cron.py'), CRON);
    const cron = run('/usr/bin/python3', ['cron.py'], { FLOWER: url });
    expect([await cron.ended, cron.said()]).toEqual([0, '[[], "SUCCESS", 5, [true], ["celery"]]\n']);

    await until(() => stream.all.some(({ data }) => data.name === 'shop.add'), 'the event through nginx');

    // Without a login, as Prometheus comes.
    const scrape = await (await fetch(`${url}/metrics`)).text();
    const counted = scrape.split('\n').filter((line) => line.startsWith('flower_events_total{'));
    expect(counted.filter((line) => /task="shop\.add"/.test(line) && /type="task-succeeded"/.test(line))).toEqual([
      expect.stringMatching(/ 1$/),
    ]);
    const judged = spawnSync('promtool', ['check', 'metrics'], { input: scrape, encoding: 'utf8' });
    expect([judged.status, judged.stderr, judged.error]).toEqual([0, '', undefined]);

    const live = new WebSocket(`${url.replace('http', 'ws')}/api/v2/live`, { headers: { authorization } });
    onTestFinished(() => live.terminate());
    let frames = '';
    live.on('message', (data) => {
      frames += String(data);
    });
    await until(() => frames.includes('"type":"snapshot"'), 'the live line through nginx');

    dashboard.child.kill('SIGTERM');
    expect(await dashboard.ended).toBe(0);
  });

  it("finds the guides' lines for nginx to be such", () => {
    const access = readFileSync(join(ROOT, 'docs/guides/access.md'), 'utf8');
    const all = [...blocks('nginx'), ...blocks('nginx', access)];
    expect(all.length).toBeGreaterThan(1);
    for (const block of all) expect(checkNginx(packed.folder, block)).toBe('');
    expect(checkNginx(packed.folder, `${all[0]} nonsense;`)).toContain('unknown directive "nonsense"');
  });

  itNeedsTmpfs(
    'goes through the Dockerfile step by step, as the users of its image: with logins, and not without',
    async () => {
      const [file] = blocks('dockerfile');
      const container = createContainer(join(packed.folder, 'image'), [join(packed.folder, 'node_modules'), ROOT]);
      const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
      const [port, broker] = [await freePort(), redis.freshUrl()];
      let [user, folder] = ['root', '/'];
      const start = (words: readonly string[], own: Record<string, string>) => {
        const { command, args, env } = container.step(user, folder, words);
        return run(command, args, { ...env, ...own, PATH: env.PATH! }, '/');
      };
      const steps = [...file!.replaceAll('\\\n', ' ').matchAll(/^([A-Z]+) (.*)$/gm)].map(([, word, rest]) => [
        word!,
        rest!,
      ]);
      const last: string[] = [];
      for (const [word, rest] of steps as [string, string][]) {
        if (word === 'FROM')
          expect(Number(/^node:(\d+)/.exec(rest)![1])).toBeGreaterThanOrEqual(parseInt(engines.node.slice(2), 10));
        else if (word === 'USER') user = rest;
        else if (word === 'WORKDIR') folder = rest;
        else if (word === 'ENTRYPOINT' || word === 'CMD') last.push(...(JSON.parse(rest) as string[]));
        else if (word === 'RUN') {
          // The package as it was packed, in place of what a registry has of that name.
          const own = rest.replace(/(npm install --global) umbel\b/, `$1 ${join(packed.folder, 'node_modules/umbel')}`);
          expect(own).not.toBe(rest);
          const step = start(['sh', '-ec', own], { npm_config_offline: 'true' });
          expect(await step.ended, step.said()).toBe(0);
        } else expect(['VOLUME', 'EXPOSE']).toContain(word);
      }
      const env = { CELERY_BROKER_URL: broker, UMBEL_PORT: String(port) };
      const open = start(last, env);
      expect([await open.ended, open.said()]).toEqual([
        expect.any(Number),
        expect.stringMatching(/without authentication/),
      ]);
      const guarded = start(last, { ...env, UMBEL_BASIC_AUTH: 'ann:secret' });
      await isUp(`http://127.0.0.1:${port}`, guarded);
      expect((await fetch(`http://127.0.0.1:${port}/api/v2/tasks`)).status).toBe(401);
      guarded.child.kill('SIGTERM');
      expect(await guarded.ended).toBe(0);
    },
  );
});
