// Every command and option of Celery's is here by the same name, and the environment may say them by the names it has in Celery.
import type { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { takeFromEnvironment } from '../../../server/cli/environment.ts';
import { createProgram } from '../../../server/cli/program.ts';
import golden from '../../golden/commands.json' with { type: 'json' };

/** Its verbs are words of the shell: amqp-shell.ts. */
const IS_WORD = /^amqp ./;
/** One command with the kind of graph as its argument. */
const IS_KIND = /^graph .*/;
/** `-d` is --dump alone here. */
const DIFFERENT = new Set(['events --detach -d']);

const COMMANDS = Object.entries(golden.commands as Record<string, (string | string[])[]>).filter(
  ([path]) => !IS_WORD.test(path),
);

function commandAt(program: Command, path: string): Command | undefined {
  const names = path.replace(IS_KIND, 'graph').split(' ').filter(Boolean);
  return names.reduce<Command | undefined>((at, word) => at?.commands.find((one) => one.name() === word), program);
}

describe('commands of Celery', () => {
  it.each(COMMANDS)("'%s' is one here, with its arguments and options", (path, words) => {
    const command = commandAt(createProgram(), path);
    expect(command, `umbel ${path}`).toBeDefined();
    const known = command!.options.flatMap(({ long, short }) => [long, short]);
    const missing = words
      .filter((word) => Array.isArray(word))
      .flatMap((names) =>
        names.filter((name) => !known.includes(name) && !DIFFERENT.has(`${path} ${names.at(-1)} ${name}`)),
      );
    expect(missing).toEqual([]);
    const wanted = words.filter((word) => typeof word === 'string');
    // inspect and control take the words of their command further on.
    expect(command!.registeredArguments.length).toBeGreaterThanOrEqual(wanted.length);
  });
});

describe('the environment', () => {
  /** What a command would be run with. */
  async function optionsOf(path: string, env: Readonly<Record<string, string>>, words: readonly string[] = []) {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    try {
      const program = createProgram();
      const command = commandAt(program, path)!;
      let options = {};
      command.action(() => {
        takeFromEnvironment(command, []);
        options = command.opts();
      });
      await program.parseAsync([...path.split(' '), ...words], { from: 'user' });
      return options as Record<string, unknown>;
    } finally {
      vi.unstubAllEnvs();
    }
  }

  it('says options as Celery names them, and the command line goes before it', async () => {
    const env = {
      CELERY_WORKER_CONCURRENCY: '4',
      CELERY_WORKER_MAX_TASKS_PER_CHILD: '100',
      CELERY_WORKER_QUEUES: 'mail, post',
      CELERY_WORKER_WITHOUT_GOSSIP: 'yes',
      CELERY_WORKER_TASK_EVENTS: '0',
    };
    const said = await optionsOf('worker', env);
    expect(said).toMatchObject({
      concurrency: 4,
      maxTasksPerChild: 100,
      queues: ['mail', 'post'],
      withoutGossip: true,
    });
    expect(said).not.toHaveProperty('taskEvents');
    expect(await optionsOf('worker', env, ['-c', '2', '-Q', 'web'])).toMatchObject({ concurrency: 2, queues: ['web'] });
  });

  it('says those of a subcommand, and what is switched off', async () => {
    expect(await optionsOf('upgrade settings', {}, ['x.py'])).toMatchObject({ backup: true });
    const env = { CELERY_UPGRADE_SETTINGS_NO_BACKUP: '1' };
    expect(await optionsOf('upgrade settings', env, ['x.py'])).toMatchObject({ backup: false });
  });

  it('is checked like the command line', async () => {
    await expect(optionsOf('worker', { CELERY_WORKER_CONCURRENCY: 'many' })).rejects.toThrow(
      /'many' from env 'CELERY_WORKER_CONCURRENCY' is invalid/,
    );
  });

  it('of a Kubernetes service named celery-dashboard means nothing', async () => {
    const said = await optionsOf('dashboard', { CELERY_DASHBOARD_PORT: 'tcp://10.0.0.1:5555' });
    expect(said).not.toHaveProperty('port');
  });
});
