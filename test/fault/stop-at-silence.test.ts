// SIGTERM for every command that stays, at a Redis that accepts and answers nothing: before it ever answered, and after all was well.
// Also a worker whose line is cut while it finishes what runs: it takes nothing new.
// The class, at every step of its start: ../server/transport/redis-silent-stop.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeNeedsRedis } from '../support/redis-server.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';
import { type Running, startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { PATIENT, World } from './world.ts';

const APP = fileURLToPath(new URL('tasks.mjs', import.meta.url));
/** Each command, and what it says when all is well. */
const COMMANDS: Readonly<Record<string, [args: string[], ready: RegExp]>> = {
  worker: [['worker', '-l', 'INFO', '-n', 'w@silence'], / ready\./],
  beat: [['beat', '-l', 'INFO', '-s', 'alone'], /Sending due/],
  dashboard: [['dashboard', '--port', '0', '--db', ':memory:'], /http:/],
  events: [['events'], /capturing/],
};
/** A line that is silent is found out soon by who leaves, and only an hour later by who stays. */
const settings = {
  broker_connection_timeout: 0.3,
  broker_transport_options: { socket_timeout: 0.3, health_check_interval: 3600, visibility_timeout: 1 },
};
const schedule = { often: { task: 'fault.work', schedule: 0.2, args: [1, 0] } };

describeNeedsRedis('a stop at a Redis that is silent', () => {
  const cleanup: (() => unknown)[] = [];
  let world: World;
  let line: TcpProxy;
  let folder: string;
  beforeAll(async () => {
    world = await World.open({ settings });
    line = await tcpProxy(world.redis.port);
    folder = mkdtempSync(join(tmpdir(), 'umbel-silence-'));
  });
  afterAll(async () => {
    await line.close();
    await world[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const undo of cleanup.splice(0).reverse()) await undo();
  });

  function start(args: readonly string[], { port } = line): Running {
    const url = `redis://127.0.0.1:${port}/0`;
    const env = {
      FAULT_URL: url,
      FAULT_DIARY: join(folder, 'diary'),
      // A result waits for its store, also when its worker stops.
      FAULT_SETTINGS: JSON.stringify({
        ...settings,
        beat_schedule: schedule,
        task_ignore_result: true,
        redis_socket_timeout: 0.1,
      }),
    };
    const running = startUmbel(['-A', APP, '-b', url, ...args], { cwd: folder, env });
    cleanup.push(() => running[Symbol.asyncDispose]());
    return running;
  }

  async function endedBySigterm(running: readonly Running[]): Promise<Record<string, unknown>> {
    for (const { child } of running) child.kill('SIGTERM');
    const ends = await Promise.all(running.map(({ ended }) => ended));
    return Object.fromEntries(Object.keys(COMMANDS).map((name, i) => [name, ends[i]!.code]));
  }

  const allWell = Object.fromEntries(Object.keys(COMMANDS).map((name) => [name, 0]));

  it('ends with 0 before it was ever answered', async () => {
    // A line for each: before its first connection a process may not have reached its first line, and be ended by the signal itself.
    const lines = await Promise.all(Object.keys(COMMANDS).map(() => tcpProxy(world.redis.port)));
    cleanup.push(...lines.map((one) => () => one.close()));
    for (const one of lines) one.swallow();
    const running = Object.values(COMMANDS).map(([args], i) => start(args, lines[i]));
    await until(() => lines.every(({ made }) => made > 0), 'all of them to connect', PATIENT);
    expect(await endedBySigterm(running)).toEqual(allWell);
  });

  it('ends with 0 after all was well', async () => {
    const running = Object.values(COMMANDS).map(([args]) => start(args));
    await Promise.all(running.map((one, i) => one.says(Object.values(COMMANDS)[i]![1])));
    line.swallow();
    cleanup.push(() => line.restore());
    expect(await endedBySigterm(running)).toEqual(allWell);
  });

  it('says that the result store does not answer', async () => {
    line.swallow();
    cleanup.push(() => line.restore());
    const { code, stderr } = await start(['result', 'an-id']).ended;
    expect(stderr).toMatch(/^umbel: Cannot reach the result store redis:.* \(no answer within 0\.1 s\)\./m);
    expect(code).toBe(69);
  });

  it('is given up by a call after one try', async () => {
    line.swallow();
    cleanup.push(() => line.restore());
    const before = line.made;
    const { code, stderr } = await start(['call', 'fault.work', '-a', '[0, 0]']).ended;
    expect(stderr).toMatch(/^umbel: No answer from the broker at redis:.* within 0\.3 s\./m);
    expect(code).toBe(69);
    // Three retries would make four connections at least; one try makes one, or another when both limits end it at once.
    expect(line.made - before).toBeLessThan(4);
  });

  it('takes nothing new when its line is cut while it finishes what runs', async () => {
    // What beat sent and nobody ran.
    await world.keys.flushall();
    const worker = await world.umbel('warm@fault', ['-c', '2'], / ready\./, {
      FAULT_URL: `redis://127.0.0.1:${line.port}/0`,
    });
    const [first] = await world.send(1, 0, world.gate);
    await until(() => world.runs().length === 1, 'a task to run', PATIENT);
    worker.child.kill('SIGTERM');
    await until(() => /Warm shutdown/.test(worker.output()), 'the stop to begin', PATIENT);
    // It answers when it is wholly there again; and hears of a message before it hears of a question that was asked after.
    const answers = async () => (await world.app.control.ping({ timeout: 1 })).length === 1;
    const made = line.made;
    line.cut();
    await until(() => line.made > made, 'it to connect again', PATIENT);
    await until(answers, 'it to listen again', PATIENT);
    await world.send(1, 0, world.gate, 1);
    await until(answers, 'it to have heard of the message', PATIENT);
    expect(await world.keys.llen('celery')).toBe(1);
    world.openGate();
    await until(() => worker.child.exitCode !== null, 'it to end', PATIENT);
    expect(worker.child.exitCode).toBe(0);
    expect(world.runs().map(({ number }) => number)).toEqual([0]);
    expect((await world.results([first!])).get(first!)?.status).toBe('SUCCESS');
    expect(await world.keys.llen('celery')).toBe(1);
  });
});
