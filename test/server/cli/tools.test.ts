// The small tools of the command line, in process: logs, old settings, bars, words of a prompt, completion, cameras.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { wordsOf } from '../../../server/cli/line-shell.ts';
import { bindingsOf } from '../../../server/cli/list-bindings.ts';
import { LogAudit, linesOf } from '../../../server/cli/logtool.ts';
import { completionOf, main } from '../../../server/cli/program.ts';
import { bar } from '../../../server/cli/progress.ts';
import { warnOfOldNames } from '../../../server/cli/session.ts';
import { shellNames } from '../../../server/cli/shell.ts';
import { renameSettings } from '../../../server/cli/upgrade-settings.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';

describe('logtool', () => {
  // The first two as Celery 5.2 and before 5.1 write that a task came in.
  const LOG = `[2026-01-01 00:00:00,000: INFO/MainProcess] Task a.b[id-1] received
[2026-01-01 00:00:00,000: INFO/MainProcess] Received task: a.c[id-2]
[2026-01-01 00:00:00,000: INFO/MainProcess] Task a.c[id-3] received
[2026-01-01 00:00:01,000: INFO/ForkPoolWorker-1] Task a.b[id-1] succeeded in 0.1s: 3
[2026-01-01 00:00:02,000: ERROR/ForkPoolWorker-1] Task a.c[id-2] raised unexpected: ZeroDivisionError()
Traceback (most recent call last):
[2026-01-01 00:00:03,000: INFO/MainProcess] w@host ready.`;

  it('counts tasks by their ends, and finds errors, tracebacks and what has no end', () => {
    const [errors, traces, debug] = [[], [], []] as string[][];
    const audit = new LogAudit({
      error: (line) => errors!.push(line),
      trace: (line) => traces!.push(line),
      debug: (line) => debug!.push(line),
    });
    for (const line of LOG.split('\n')) audit.feed(line);
    expect(audit.report()).toEqual({
      types: [
        ['a.c', 2],
        ['a.b', 1],
      ],
      ...{ total: 3, errors: 1, succeeded: 1, completed: 2 },
    });
    expect(errors).toEqual([expect.stringContaining('a.c[id-2] raised')]);
    expect(traces).toEqual([expect.stringMatching(/raised unexpected.*\nTraceback/)]);
    expect(debug).toEqual([expect.stringContaining('ready')]);
    expect(audit.incomplete()).toEqual(['id-3']);
  });

  it('knows tasks of any name', () => {
    const audit = new LogAudit();
    audit.feed('[2026-01-01 00:00:00,000: INFO/MainProcess] Task mail/send@é[1][id-1] received');
    audit.feed('[2026-01-01 00:00:00,000: INFO/MainProcess] Task mail/send@é[1][id-1] succeeded in 0.1s: [2]');
    expect(audit.report()).toMatchObject({ types: [['mail/send@é[1]', 1]], succeeded: 1 });
    expect(audit.incomplete()).toEqual([]);
  });

  it('reads what worker_log_format json wrote', () => {
    const json = (level: string, message: string, fields = {}) =>
      JSON.stringify({ time: '2026-01-01T00:00:00.123Z', level, process: 'MainProcess', message, ...fields });
    expect(linesOf(json('ERROR', 'Task a[1] raised unexpected: E()', { traceback: 'Traceback:\n  E\n' }))).toEqual([
      '[2026-01-01 00:00:00,123: ERROR/MainProcess] Task a[1] raised unexpected: E()',
      'Traceback:',
      '  E',
    ]);
    expect(linesOf('{"time":1')).toEqual(['{"time":1']);
  });
});

it('old names of settings are written anew, whole names alone', () => {
  const before = "BROKER_URL = 'x'\nCELERYD_CONCURRENCY = 2  # CELERYD_CONCURRENCY_X\nTASK_SERIALIZER_OF = 1";
  expect(renameSettings(before, false)).toEqual({
    text: "broker_url = 'x'\nworker_concurrency = 2  # CELERYD_CONCURRENCY_X\nTASK_SERIALIZER_OF = 1",
    changes: [
      { line: 1, from: 'BROKER_URL', to: 'broker_url' },
      { line: 2, from: 'CELERYD_CONCURRENCY', to: 'worker_concurrency' },
    ],
  });
  expect(renameSettings("conf['CELERY_ACCEPT_CONTENT'] = 1", false).text).toBe("conf['accept_content'] = 1");
  expect(renameSettings(before, true).text).toContain("CELERY_BROKER_URL = 'x'\nCELERY_WORKER_CONCURRENCY");
});

it('a program that stays warns of old names of settings, and says the new ones', () => {
  const warned: string[] = [];
  const log = { warning: (text: string) => warned.push(text) };
  warnOfOldNames(new Celery('shop', { BROKER_URL: 'memory://', CELERY_ACKS_LATE: true }), log);
  warnOfOldNames(new Celery('shop', { broker_url: 'memory://' }), log);
  expect(warned).toEqual([
    expect.stringContaining('BROKER_URL (now broker_url), CELERY_ACKS_LATE (now task_acks_late). '),
  ]);
});

it.each([
  "os.environ['BROKER_URL']",
  'os.environ.get( "BROKER_URL", 1)',
  "os.getenv('BROKER_URL')",
  "env.str('BROKER_URL')",
  'process.env.BROKER_URL',
  "process.env?.['BROKER_URL']",
])('a variable of the environment keeps its name, which others set: %s', (read) => {
  expect(renameSettings(`BROKER_URL = ${read}`, false).text).toBe(`broker_url = ${read}`);
});

it('a file that is not UTF-8 loses nothing but old names', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'umbel-upgrade-')), 'settings.py');
  writeFileSync(path, Buffer.from("# caf\xe9\r\napp.conf['BROKER_URL'] = 1\r\n", 'latin1'));
  expect(await main(['upgrade', 'settings', '--no-backup', '-q', path])).toBe(0);
  expect(readFileSync(path, 'latin1')).toBe("# caf\xe9\r\napp.conf['broker_url'] = 1\r\n");
});

it('a bar is never wider than its line', () => {
  expect(bar('Purging', 1, 4, 'mail', 79)).toBe('Purging [######------------------]  25 % 1/4 mail');
  expect(bar('Migrating', 7, null, '', 79)).toBe('Migrating 7');
  for (const width of [0, 5, 20, 50, 79])
    expect(bar('Purging', 3, 4, 'a-long-name-of-a-queue'.repeat(9), width).length).toBeLessThanOrEqual(width);
});

it('words of a prompt are split as a shell splits them', () => {
  expect(wordsOf(`basic.publish "a \\"b\\"" '' q\\ 1 x"y z"`)).toEqual(['basic.publish', 'a "b"', '', 'q 1', 'xy z']);
});

it('a queue is listed with all its bindings', () => {
  const mail = exchange('mail', 'topic');
  expect(
    bindingsOf({ ...queue('q'), exchange: mail, routingKey: 'a.#', bindings: [{ exchange: mail, routingKey: 'b' }] }),
  ).toEqual([
    { queue: 'q', exchange: 'mail', routing_key: 'a.#' },
    { queue: 'q', exchange: 'mail', routing_key: 'b' },
  ]);
});

it('tasks are in reach of the prompt by the last part of their name, unless something is called so', () => {
  const app = new Celery('shop', { broker: 'memory://' });
  app.task({ name: 'shop.add' }, () => 1);
  app.task({ name: 'shop.chain' }, () => 1);
  const names = shellNames(app, true);
  expect(names['add']).toBe(app.tasks.get('shop.add'));
  expect(names['chain']).not.toBe(app.tasks.get('shop.chain'));
  expect(shellNames(app, false)).not.toHaveProperty('add');
});

describe('completion', async () => {
  const bash = await completionOf('bash');
  const completed = (line: string) => {
    const words = line.split(' ');
    const ask = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _umbel; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${bash}\n${ask}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };

  it.each([
    ['umbel wor', ['worker']],
    ['umbel -A ./app.ts wor', ['worker']],
    ['umbel worker --conc', ['--concurrency']],
    ['umbel list ', ['bindings']],
    ['umbel -A x list b', ['bindings']],
    ['umbel inspect rep', ['report']],
    ['umbel logtool stats --js', ['--json']],
    ['umbel worker -P pre', ['prefork']],
    ['umbel worker --pool = pre', ['prefork']],
    ['umbel worker --pool =', ['async', 'solo', 'prefork', 'threads']],
    ['umbel beat --loglevel ', ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']],
    ['umbel completion z', ['zsh']],
    ['umbel amqp queue.p', ['queue.purge']],
    ['umbel multi stopw', ['stopwait']],
  ])('bash: %s', (line, expected) => {
    expect(completed(line)).toEqual(expect.arrayContaining(expected));
  });

  it('zsh and fish have scripts of their own', async () => {
    // Its last line answers the Tab at which zsh reads it.
    expect(await completionOf('zsh')).toMatch(/^#compdef umbel\n.*; then _bash_complete -o default -F _umbel; fi\n$/s);
    const fish = await completionOf('fish');
    expect(fish).toContain("complete -c umbel -n '__fish_seen_subcommand_from worker' -l concurrency -r -F");
    expect(fish).toMatch(/-n '__fish_seen_subcommand_from worker' -l pool -x -a '.*prefork/);
    expect(fish).toContain(
      "complete -c umbel -n '__fish_seen_subcommand_from logtool; and __fish_seen_subcommand_from stats' -F",
    );
  });
});

it.each([
  [['migrate', 'memory://'], 64],
  [['amqp', 'queue.fly', '-b', 'memory://'], 64],
  [['logtool', 'stats', '/nowhere/w.log'], 64],
  [['upgrade', 'settings', '/nowhere/s.py'], 64],
  [['completion', 'tcsh'], 64],
])('%j ends with %d', async (words, code) => {
  expect(await main(words)).toBe(code);
});
