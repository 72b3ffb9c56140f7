// The umbel command as a person meets it: real processes on one embedded broker file.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { type CommandOptions, linkPackage, startUmbel, umbel } from '../../support/umbel.ts';
import { until } from '../../support/until.ts';

const APP = `
import { Celery } from 'umbel';
export const app = new Celery('calc', { broker: 'sqlite:///calc.db', backend: 'sqlite:///calc.db' });
app.task({ name: 'calc.add', params: ['x', 'y'] }, (x, y) => x + y);
app.task({ name: 'calc.divide' }, (x, y) => {
  if (y === 0) throw new RangeError('division by zero');
  return x / y;
});
app.task({ name: 'calc.same' }, (x) => x);
app.task({ name: 'calc.forgetful' }, () => { Promise.reject(new Error('nobody waits for me')); return 'done'; });
app.task({ name: 'calc.bomb' }, () => { setTimeout(() => { throw new Error('out of the blue'); }, 1); return 'lit'; });
app.task({ name: 'calc.block' }, () => { console.log('blocks ' + process.pid); for (;;); });
app.task({ name: 'calc.wait' }, function (ms) {
  return new Promise((resolve) => setTimeout(() => resolve('waited'), ms));
});
`;

/** Stops it when it begins to guard its output: after its first modules, before there is a command. */
const GUARDS_OUTPUT = `
const { stdout } = process;
const { on } = stdout;
stdout.on = (name, ...rest) => { if (name === 'error') stop(); return on.call(stdout, name, ...rest); };
`;

let folder: string;
const here = (): CommandOptions => ({ cwd: folder });
const calc = (...words: string[]) => umbel(['-A', './calc.mjs', ...words], here());

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-cli-'));
  writeFileSync(join(folder, 'calc.mjs'), APP);
  mkdirSync(join(folder, 'further'));
  writeFileSync(join(folder, 'typed.ts'), 'export default { result_expires: 3600 as number };');
  const more = `import { app } from '../calc.mjs'; app.task({ name: 'calc.more' }, () => 1);`;
  writeFileSync(join(folder, 'further', 'tasks.mjs'), more);
  // 'umbel' in the app means this package, as it would in a project that has installed it.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'calc', private: true, type: 'module' }));
  linkPackage(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what is wrong is said in one line, with an exit code of its own', () => {
  it('a module that is not there: 1', async () => {
    const { code, stderr } = await umbel(['-A', './nowhere.ts', 'report'], here());
    expect(stderr).toMatch(/^umbel: No module '.\/nowhere.ts' found: looked for .*nowhere\.ts/);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(code).toBe(1);
  });

  it('a module that breaks while it is loaded: 1, naming module and error', async () => {
    writeFileSync(join(folder, 'broken.mjs'), 'throw new TypeError("no database");');
    const { code, stderr } = await umbel(['-A', './broken.mjs', 'report'], here());
    expect(stderr).toMatch(/broken\.mjs could not be loaded: TypeError: no database\n\s+at .*broken\.mjs:\d+/);
    expect(code).toBe(1);
  });

  it('a module that waits for ever at its top level: 13, as Node ends it, but not without a word', async () => {
    writeFileSync(join(folder, 'waits.mjs'), 'await new Promise(() => {});');
    const { code, stderr } = await umbel(['-A', './waits.mjs', 'report'], here());
    expect(stderr).toMatch(/waits\.mjs was never loaded: what it awaits at its top level does not come/);
    expect(code).toBe(13);
  });

  it('a task the app does not know: 1, naming the nearest', async () => {
    const { code, stderr } = await calc('call', 'calc.ad');
    expect(stderr).toContain("the app 'calc' has no task 'calc.ad'. Did you mean 'calc.add'?");
    expect(code).toBe(1);
  });

  it('arguments that do not fit the task: 1, in one line', async () => {
    const { code, stderr } = await calc('call', 'calc.add', '-a', '[1]');
    expect(stderr).toBe("umbel: add() missing 1 required positional argument: 'y'\n");
    expect(code).toBe(1);
  });

  it('arguments that are not JSON: 64, with an example', async () => {
    const { code, stderr } = await calc('call', 'calc.add', '-a', '[1,');
    expect(stderr).toMatch(/not JSON.*example: '\[1, "two"\]'/);
    expect(code).toBe(64);
  });

  it.each([
    [['dashboard', '--port', '99999'], /0 to 65535/],
    [['dashboard', '--basic-auth', ''], /basic_auth takes user:password/],
    [['dashboard', '--basic-auth', 'a:b,c:d'], /read in two ways/],
    [['call', 'calc.add', '--queue', ''], /must not be empty/],
  ])('options that cannot be: 64 for %j', async (words, said) => {
    const { code, stderr } = await umbel(words, here());
    expect([stderr, code]).toEqual([expect.stringMatching(said), 64]);
  });

  it('a command that is not there: 64, naming the nearest', async () => {
    const { code, stderr } = await umbel(['wroker'], here());
    expect(stderr).toContain('Did you mean worker?');
    expect(code).toBe(64);
  });

  it('a remote command that is not there: 64, naming the nearest', async () => {
    const { code, stderr } = await umbel(['inspect', 'actve'], here());
    expect(stderr).toContain("there is no inspect command 'actve'. Did you mean 'active'?");
    expect(code).toBe(64);
  });

  it('a broker nobody can open: told at once', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'these are no database, but a text file that is long enough to look at');
    const { code, stderr } = await umbel(['-b', 'sqlite:///notes.txt', 'call', 'x'], here());
    expect(stderr).toMatch(/^umbel: .*notes\.txt/);
    expect(code).toBe(69);
  });

  it('a broker of a kind not known: 1, naming those that are; passwords stay secret', async () => {
    const { code, stderr } = await umbel(['-b', 'carrier-pigeon://me:secret@loft', 'call', 'x'], here());
    expect(stderr).toMatch(/'carrier-pigeon' is not one of .*sqlite/);
    expect(stderr).not.toContain('secret');
    expect(code).toBe(1);
  });

  it('no worker that answers: 69, as in Celery', async () => {
    const { code, stderr } = await umbel(['-b', 'sqlite:///empty.db', 'status'], here());
    expect(stderr).toContain('No nodes replied within time constraint');
    expect(code).toBe(69);
  });

  it('purge without anybody to ask: 64, naming the flag', async () => {
    const { code, stderr } = await calc('purge');
    expect(stderr).toContain('add -f to purge without asking');
    expect(code).toBe(64);
  });
});

describe('help', () => {
  it('lists every command, and global options may stand before or after the command', async () => {
    const { code, stdout } = await umbel(['--help'], here());
    for (const word of [
      'up',
      'worker',
      'beat',
      'dashboard',
      'call',
      'result',
      'status',
      'inspect',
      'control',
      'purge',
      'events',
      'report',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${word}[ |]`, 'm'));
    expect(code).toBe(0);
    const before = await umbel(['-b', 'sqlite:///x.db', 'report', '--json'], here());
    const after = await umbel(['report', '--json', '-b', 'sqlite:///x.db'], here());
    expect(JSON.parse(after.stdout).settings.broker_url).toBe('sqlite:///x.db');
    expect(JSON.parse(before.stdout)).toEqual(JSON.parse(after.stdout));
  });
});

describe('a worker and those who speak to it', () => {
  it('the whole way: start, status, call, result, inspect, control, events, warm stop', async () => {
    await using worker = startUmbel(
      ['-A', './calc.mjs', 'worker', '-l', 'INFO', '-n', 'w1@%h', '-E', '-I', 'further.tasks', '--pidfile', 'w1.pid'],
      here(),
    );
    await worker.says(' ready.');
    // Its banner and its log come by two pipes.
    await expect.poll(() => worker.stdout()).toContain('. calc.add');
    expect(worker.stdout()).toMatch(/umbel worker {2}w1@/);
    expect(worker.stdout()).toContain('transport:    sqlite:///calc.db');
    expect(readFileSync(join(folder, 'w1.pid'), 'utf8').trim()).toBe(String(worker.child.pid));

    // Who does not know how many will answer waits a second: on a busy machine the first answer may be later.
    await expect
      .poll(() => calc('status'))
      .toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^NODE +STATUS +REPLY\nw1@\S+ +OK +pong\n\n1 node online\.\n$/),
      });

    const call = await calc('call', 'calc.add', '-a', '[2, 3]', '--wait', '60');
    expect(call.stdout).toBe('5\n');
    const kwargs = await calc('call', 'calc.add', '-k', '{"x": 2, "y": 40}', '--wait', '60', '--json');
    expect(JSON.parse(kwargs.stdout)).toMatchObject({ status: 'SUCCESS', result: 42 });

    const failed = await calc('call', 'calc.divide', '-a', '[1, 0]', '--wait', '60');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/FAILURE\nTraceback[\s\S]*RangeError: division by zero/);

    const sent = (await calc('call', 'calc.wait', '-a', '[1]', '--config', './typed.ts')).stdout.trim();
    expect((await calc('result', sent, '--timeout', '60')).stdout).toBe('waited\n');

    const registered = async () => {
      const { stdout } = await umbel(['-b', 'sqlite:///calc.db', 'inspect', 'registered', '-j'], here());
      return Object.values(JSON.parse(stdout || '{}') as Record<string, string[]>)[0];
    };
    await expect.poll(registered).toEqual(expect.arrayContaining(['calc.add', 'calc.more']));
    const limit = (task: string) => async () => (await calc('control', 'rate_limit', task, '10/m')).stdout;
    await expect.poll(limit('calc.add')).toMatch(/new rate limit set successfully/);
    await expect.poll(limit('calc.nothing')).toMatch(/ERROR/);

    await using events = startUmbel(
      ['-A', './calc.mjs', 'events', '--json', '--type', 'task-succeeded', '--count', '1'],
      here(),
    );
    await events.says('capturing events');
    await calc('call', 'calc.wait', '-a', '[1]');
    const { stdout } = await events.ended;
    expect(JSON.parse(stdout)).toMatchObject({ type: 'task-succeeded', hostname: expect.stringContaining('w1@') });

    worker.child.kill('SIGTERM');
    const { code } = await worker.ended;
    expect(code).toBe(0);
    expect(existsSync(join(folder, 'w1.pid'))).toBe(false);
  });

  it('whole numbers arrive and return to the last digit', async () => {
    await using worker = startUmbel(['-A', './calc.mjs', 'worker', '-l', 'INFO', '-n', 'digits@%h'], here());
    await worker.says(' ready.');
    const call = await calc('call', 'calc.same', '-a', '[12345678901234567890]', '--wait', '60', '--json');
    expect(call.stdout).toContain('"result":12345678901234567890,');
  });

  it('a rejection nobody awaits is logged and the worker goes on; an error out of nowhere stops it: 1', async () => {
    await using worker = startUmbel(['-A', './calc.mjs', 'worker', '-l', 'INFO', '-n', 'stray@%h'], here());
    await worker.says(' ready.');
    await calc('call', 'calc.forgetful', '--wait', '60');
    await worker.says(/ERROR.*rejected and nobody awaited it; going on[\s\S]*nobody waits for me/);
    expect((await calc('call', 'calc.add', '-a', '[1, 1]', '--wait', '60')).stdout).toBe('2\n');
    await calc('call', 'calc.bomb');
    await worker.says(/CRITICAL.*stopping[\s\S]*out of the blue/);
    expect((await worker.ended).code).toBe(1);
  });

  it('a warm stop finishes what runs; a second interrupt gives it up, with exit code 1', async () => {
    await using worker = startUmbel(
      ['-A', './calc.mjs', 'worker', '-l', 'INFO', '-b', 'sqlite:///stop.db', '--result-backend', 'sqlite:///stop.db'],
      here(),
    );
    await worker.says(' ready.');
    const { stdout: id } = await umbel(['-b', 'sqlite:///stop.db', 'call', 'calc.wait', '-a', '[600000]'], here());
    await worker.says('received');
    worker.child.kill('SIGINT');
    await worker.says('Warm shutdown');
    worker.child.kill('SIGINT');
    const { code } = await worker.ended;
    expect(code).toBe(1);
    // It was acknowledged when it began, so it is lost, and its result says so. (A late one goes back: flow/worker-stop.)
    const { stderr } = await umbel(['--result-backend', 'sqlite:///stop.db', 'result', id.trim()], here());
    expect(stderr).toMatch(/FAILURE[\s\S]*WorkerLostError/);
  });

  it('SIGHUP starts it again with the same arguments, as often as it is sent; SIGUSR1 and SIGUSR2 end nothing', async () => {
    const args = '-A ./calc.mjs worker -l INFO -n hup@x -b sqlite:///hup.db --pidfile hup.pid'.split(' ');
    await using worker = startUmbel(args, here());
    const readies = () => worker.stderr().split('hup@x ready.').length - 1;
    for (let round = 1; round <= 3; round++) {
      await until(() => readies() === round, `start number ${round}`);
      worker.child.kill('SIGUSR1');
      await until(() => worker.stderr().split('SIGUSR1: 0 tasks run').length - 1 === round, 'its tasks');
      worker.child.kill('SIGUSR2');
      if (round < 3) worker.child.kill('SIGHUP');
    }
    expect(worker.stderr()).toContain('Restarting umbel worker (-A ./calc.mjs worker');
    // From Node 22.15 on it takes the place of the process it was.
    if ('execve' in process)
      expect(readFileSync(join(folder, 'hup.pid'), 'utf8').trim()).toBe(String(worker.child.pid));
    // Who wants it to end while it is about to be started again has the last word.
    worker.child.kill('SIGHUP');
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect([readies(), existsSync(join(folder, 'hup.pid'))]).toEqual([3, false]);
  });

  // Each preload sends the signal at a step of the start, wherever that step falls in time.
  it.each([
    ['its modules load', GUARDS_OUTPUT, ''],
    ['its app loads, and never ends to', '', 'stop(); await new Promise((done) => setTimeout(done, 1e9));'],
    [
      'it connects',
      '',
      'app.steps.worker.add(class extends Bootstep { start() { stop(); return new Promise((done) => setImmediate(done)); } });',
    ],
    ['it has just become ready', '', 'signals.worker_ready.connect(stop);'],
  ])('SIGTERM while %s ends it with 0, and leaves no pid file', async (moment, preload, module) => {
    const name = `early-${moment.replaceAll(/\W+/g, '-')}`;
    const stop = "globalThis.stop = () => process.kill(process.pid, 'SIGTERM');";
    writeFileSync(join(folder, `${name}.cjs`), `${stop}\n${preload}`);
    writeFileSync(
      join(folder, `${name}.mjs`),
      `import { Celery, signals } from 'umbel';
       import { Bootstep } from 'umbel/worker';
       export const app = new Celery('early', { broker: 'sqlite:///early.db' });\n${module}`,
    );
    await using worker = startUmbel(['-A', `./${name}.mjs`, 'worker', '--pidfile', `${name}.pid`], {
      cwd: folder,
      env: { NODE_OPTIONS: `--require ${join(folder, `${name}.cjs`)}` },
    });
    const { code, stderr } = await worker.ended;
    expect({ code, stderr, pidfile: existsSync(join(folder, `${name}.pid`)) }).toEqual({
      code: 0,
      stderr: expect.not.stringMatching(/^\s+at /m),
      pidfile: false,
    });
  });

  it('SIGTERM while the broker is away ends it with 0 and no stack', async () => {
    await using worker = startUmbel(
      ['-A', './calc.mjs', 'worker', '-l', 'INFO', '-b', 'redis://127.0.0.1:1/0'],
      here(),
    );
    await worker.says('Trying again');
    worker.child.kill('SIGTERM');
    const { code, stderr } = await worker.ended;
    expect(stderr).toContain('Warm shutdown');
    expect([code, stderr.match(/^\s+at /m)]).toEqual([0, null]);
  });

  it('works on when nobody reads what it says, and when its log is on a full disk', async () => {
    await using worker = startUmbel(
      [
        '-A',
        './calc.mjs',
        'worker',
        '-l',
        'INFO',
        '-b',
        'sqlite:///deaf.db',
        '-f',
        '/dev/full',
        '--result-backend',
        'sqlite:///deaf.db',
      ],
      here(),
    );
    await worker.says('Cannot write the log /dev/full: ENOSPC');
    worker.child.stdout!.destroy();
    worker.child.stderr!.destroy();
    const { stdout } = await umbel(
      [
        '-A',
        './calc.mjs',
        '-b',
        'sqlite:///deaf.db',
        '--result-backend',
        'sqlite:///deaf.db',
        'call',
        'calc.forgetful',
        '--wait',
      ],
      here(),
    );
    expect(stdout).toContain('done');
    worker.child.kill('SIGTERM');
    const ended = await new Promise((done) => worker.child.once('exit', done));
    expect(ended).toBe(0);
  });

  it('SIGTERM is SIGQUIT where REMAP_SIGTERM says so; what is cold is soft first where the settings say so', async () => {
    const url = `sqlite:///${join(folder, 'remap.db')}`;
    await using worker = startUmbel(
      ['-A', './calc.mjs', 'worker', '-l', 'DEBUG', '-b', url, '--', 'worker_soft_shutdown_timeout=3600'],
      { cwd: folder, env: { REMAP_SIGTERM: 'SIGQUIT' } },
    );
    const client = new Celery('calc', { broker: url, backend: url });
    await client.sendTask('calc.wait', [3_600_000]);
    await worker.says('Task accepted: calc.wait');
    worker.child.kill('SIGTERM');
    await worker.says(/Soft shutdown[\s\S]*1 task has 3600 s to end/);
    // Who insists means it.
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(1);
    await client.close();
  });

  it('with -P prefork tasks run in children, which end with a worker that is killed, even while a body blocks', async () => {
    await using worker = startUmbel(
      ['-A', './calc.mjs', 'worker', '-P', 'prefork', '-c', '1', '-n', 'forked@%h', '-Q', 'forked'],
      here(),
    );
    // A queue of its own: nobody else may get what this one had not acknowledged.
    await calc('call', 'calc.block', '--queue', 'forked');
    await worker.says(/WARNING\/\w+-\d+\] calc\.block\[[-0-9a-f]+\]: blocks \d+/);
    const pid = Number(/blocks (\d+)/.exec(worker.stderr())![1]);
    expect(pid).not.toBe(worker.child.pid);
    worker.child.kill('SIGKILL');
    // One that nobody waits for stays in the table of processes, ended.
    const isAlive = () => existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    await expect.poll(isAlive).toBe(false);
  });

  it('a pid file of a live process is respected, that of a dead one is taken over', async () => {
    writeFileSync(join(folder, 'live.pid'), String(process.pid));
    const refused = await umbel(['-A', './calc.mjs', 'worker', '--pidfile', 'live.pid'], here());
    expect(refused.stderr).toContain("already exists. Seems we're already running?");
    expect(refused.code).toBe(73);
    writeFileSync(join(folder, 'dead.pid'), '4194304');
    await using worker = startUmbel(
      ['-A', './calc.mjs', 'worker', '--pidfile', 'dead.pid', '-l', 'INFO', '-b', 'sqlite:///pid.db'],
      here(),
    );
    await worker.says(' ready.');
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });

  it('control shutdown ends a worker with exit code 0', async () => {
    await using worker = startUmbel(['-A', './calc.mjs', 'worker', '-l', 'INFO', '-b', 'sqlite:///shut.db'], here());
    await worker.says(' ready.');
    await umbel(['-b', 'sqlite:///shut.db', 'control', 'shutdown'], here());
    expect((await worker.ended).code).toBe(0);
  });

  it('purge removes what waits', async () => {
    for (let i = 0; i < 3; i++) await calc('call', 'calc.add', '-a', '[1, 2]', '-b', 'sqlite:///purge.db');
    const { stdout } = await calc('purge', '-f', '-b', 'sqlite:///purge.db');
    expect(stdout).toBe('Purged 3 messages from 1 known task queue.\n');
    const { stdout: json } = await calc('purge', '-f', '--json', '-b', 'sqlite:///purge.db');
    expect(JSON.parse(json)).toMatchObject({ total: 0 });
  });
});

describe('beat', () => {
  it('sends what is due, and a worker with -B runs it itself', async () => {
    writeFileSync(
      join(folder, 'ticking.mjs'),
      `${APP.replaceAll('calc.db', 'tick.db')}
app.conf.update({ beat_schedule: { often: { task: 'calc.add', schedule: 0.2, args: [20, 22] } } });`,
    );
    await using worker = startUmbel(['-A', './ticking.mjs', 'worker', '-B', '-l', 'INFO'], here());
    await worker.says('succeeded in');
    await until(() => (worker.stderr().match(/calc\.add\[.*succeeded/g)?.length ?? 0) >= 2, 'two runs');
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });
});
