// Commands at a real terminal (a pseudo-terminal made by script(1)) and on a broker of their own: the screen of events, migrate, purge,
// amqp, the camera.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { linkPackage, startUmbel, UMBEL_COMMAND, umbel } from '../../support/umbel.ts';
import { until } from '../../support/until.ts';

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
const itNeedsScript = hasScript || process.env['CI'] === 'true' ? it : it.skip;

let folder: string;
const here = () => ({ cwd: folder });
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-terminal-'));
  linkPackage(folder);
  const settings = "{ broker_url: 'sqlite:///own.db', broker_read_url: 'sqlite:///own.db' }";
  writeFileSync(
    join(folder, 'app.mjs'),
    `import { Celery } from 'umbel'; export const app = new Celery('own', ${settings});`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ESC = String.fromCharCode(27);

/** The command with these lines on its standard input. */
async function piped(words: readonly string[], ...lines: readonly string[]) {
  const child = spawn(process.execPath, [...UMBEL_COMMAND, ...words], here());
  child.stdin.end(`${lines.join('\n')}\n`);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  return { code: await new Promise((resolve) => child.on('close', resolve)), stdout };
}

itNeedsScript(
  'the screen of events takes the whole terminal, and gives it back at its end and at a signal',
  async () => {
    const words = [process.execPath, ...UMBEL_COMMAND, '-b', 'sqlite:///screen.db', 'events', '--pidfile=ignored'];
    const line = `stty cols 80 rows 24; ${words.map((word) => `'${word}'`).join(' ')}`;
    for (const end of ['q', '\x03']) {
      const child = spawn('script', ['-qec', line, '/dev/null'], { ...here(), env: { ...process.env, TERM: 'xterm' } });
      let seen = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        seen += text;
      });
      const code = new Promise((resolve) => child.on('close', resolve));
      await until(() => seen.includes('no task yet'), 'the screen');
      expect(seen).toContain(`${ESC}[?1049h`);
      expect(seen).not.toContain(`${ESC}[?1049l`);
      child.stdin.write(end);
      expect(await code).toBe(0);
      expect(seen.trimEnd().endsWith(`${ESC}[?25h${ESC}[?1049l`)).toBe(true);
    }
  },
);

it('tasks are copied to another broker, then moved, renamed and counted; what was copied stays, and is there at once when it was interrupted; who purges may be asked through a pipe', async () => {
  const send = (id: string) => umbel(['-b', 'sqlite:///from.db', 'call', 'a.b', '--task-id', id], here());
  await Promise.all([send('one'), send('two')]);
  const migrate = (...words: string[]) => umbel(['migrate', 'sqlite:///from.db', ...words, '--timeout', '0'], here());
  await using copying = startUmbel(
    ['migrate', 'sqlite:///from.db', 'sqlite:///copy.db', '-F', '--timeout', '0'],
    here(),
  );
  await copying.says(/^Migrating task 1\/2: a\.b\[(one|two)\]\nMigrating task 2\/2/);
  copying.child.kill('SIGINT');
  expect((await copying.ended).code).toBe(0);
  // An app that names brokers of its own, whichever are said.
  const moved = await migrate('sqlite:///moved.db', '-A', './app.mjs', '-a', '-n', '1', '-Q', 'celery:post', '--json');
  expect(JSON.parse(moved.stdout)).toEqual({ migrated: 1 });
  const purge = ['-b', 'sqlite:///moved.db', 'purge', '-Q', 'post', '--json'];
  expect(JSON.parse((await piped(purge, 'y')).stdout)).toEqual({ purged: { post: 1 }, total: 1 });
});

it('the amqp prompt takes its lines from a pipe, and goes on after what was refused', async () => {
  const lines = [
    'queue.declare q',
    'basic.publish "hello you" "" q',
    'basic.fly',
    'basic.get q',
    'basic.ack 1',
    'queue.purge q',
  ];
  const { code, stdout } = await piped(['-b', 'sqlite:///amqp.db', 'amqp'], ...lines);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^queue:q messages:0 consumers:0\nOK\.\nOK\.\nERROR: there is no AMQP command 'basic\.fly'\n[\s\S]*body: 'hello you'[\s\S]*OK\.\nOK\.\n0 messages deleted\.\nOK\.\n$/,
  );
});

it('the camera hands over pictures of the cluster, the last one at the end', async () => {
  writeFileSync(
    join(folder, 'camera.mjs'),
    'export class Saver { onShutter(state) { console.log("tasks:" + [...state.tasks.keys()]); } }',
  );
  await using watching = startUmbel(
    ['-b', 'sqlite:///cam.db', 'events', '-c', './camera.mjs:Saver', '-F', '0.1'],
    here(),
  );
  await watching.says('taking pictures');
  await watching.says('tasks:\n');
  watching.child.kill('SIGTERM');
  expect((await watching.ended).code).toBe(0);
});
