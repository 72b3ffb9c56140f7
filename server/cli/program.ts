// The command and its subcommands. Global options, one subcommand; each subcommand's code is loaded when it is the one asked for, so that
// `umbel call` loads no worker and `umbel worker` no dashboard. Options have Celery's names, short and long.
// Not here: what a command does (the file of its name); running it (main.ts). Exit codes: output.ts.
// Celery 5.6: bin/celery.py
import { Argument, Command, CommanderError } from 'commander';
import { COMMANDS } from '../control/commands.ts';
import {
  action,
  addGlobals,
  daemonOptions,
  LOG_LEVELS,
  remoteOptions,
  type Sub,
  settingWords,
  takeExitCode,
  withSettings,
} from './command-parts.ts';
import type { Shell } from './completion.ts';
import { addDashboardFlags } from './dashboard-flags.ts';
import { addEvents, addMulti, addQueueCommands, addTools } from './operating-commands.ts';
import { EXIT } from './output.ts';
import * as parse from './parse.ts';
import { wordsAround } from './verb.ts';
import { packageVersion } from './version.ts';
import { addWorkerFlags } from './worker-flags.ts';

/** All commands. Each call makes new ones. */
export function createProgram(): Command {
  const program = new Command('umbel')
    .description("A task queue that speaks Celery's wire, and its dashboard.")
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(add --help for all options)')
    .exitOverride();
  addGlobals(program);
  const sub: Sub = (name, description) => {
    const command = program.command(name).description(description);
    command.copyInheritedSettings(program);
    return command;
  };

  program.commandsGroup('Programs:');
  addUp(sub);
  addWorker(sub);
  addBeatAndDashboard(sub);
  addMulti(sub);
  program.commandsGroup('Tasks:');
  addTaskCommands(sub);
  program.commandsGroup('Queues:');
  addQueueCommands(sub);
  program.commandsGroup('Cluster:');
  addClusterCommands(sub);
  program.commandsGroup('Tools:');
  addTools(sub, completionOf);
  const show = program.command('show-settings', { hidden: true }).exitOverride();
  addGlobals(show).action(action(async () => (await import('./show-settings.ts')).showSettings));
  return program;
}

function addUp(sub: Sub): void {
  const up = sub('up', 'Everything at once: a broker in one file, a worker, the dashboard, and without -A a demo shop')
    .option('--file <path>', "the broker's file (default .umbel/broker.db)")
    .option('--no-worker', 'start no worker')
    .option('--no-demo', 'without -A: no demo shop')
    .option('--rate <number>', 'demo: things that happen in a second (default 5)', parse.amount)
    .option('-j, --json', 'say what was started as JSON');
  addDashboardFlags(up, [
    ...['port', 'address', 'url_prefix', 'basic_auth', 'basic_auth_file', 'trusted_origins', 'name', 'read_only', 'db'],
  ]);
  addWorkerFlags(up, ['concurrency', 'pool', 'queues']);
  up.option('-l, --loglevel <level>', LOG_LEVELS, parse.logLevel).option(
    '-f, --logfile <path>',
    "the worker's log (demo: .umbel/worker.log, else this terminal)",
  );
  addGlobals(up).action(action(async () => (await import('./up.ts')).up));
}

function addWorker(sub: Sub): void {
  const worker = sub('worker', 'Run tasks.');
  addWorkerFlags(worker);
  daemonOptions(worker);
  addGlobals(settingWords(worker))
    .addHelpText(
      'after',
      `
Examples:
  umbel -A ./app.ts worker -l INFO
  umbel -A ./app.ts worker -Q orders,mail -c 20 -E
  umbel -A ./app.ts worker -n mail@%h -Q mail -P solo
  umbel -A ./app.ts worker -- worker_prefetch_multiplier=1

SIGTERM or Ctrl+C lets running tasks finish. A second Ctrl+C, or SIGQUIT, ends at once: running tasks with acks_late
go back to their queue, others are lost and fail with WorkerLostError. SIGHUP restarts, SIGUSR1 logs what runs.`,
    )
    .action(action(withSettings(async () => (await import('./worker.ts')).worker)));
}

function addBeatAndDashboard(sub: Sub): void {
  const beat = sub('beat', 'Send scheduled tasks.')
    .option('-D, --detach', 'run in the background')
    .option('-s, --schedule <path>', 'where the schedule is kept: a file, or a URL')
    .option('-S, --scheduler <name>', 'scheduler to use')
    .option('--max-interval <seconds>', 'sleep no longer than this between looks at the schedule', parse.number)
    .option('-l, --loglevel <level>', `${LOG_LEVELS} (default WARNING)`, parse.logLevel);
  daemonOptions(beat);
  addGlobals(settingWords(beat)).action(action(withSettings(async () => (await import('./beat.ts')).beat)));

  const dashboard = sub('dashboard', 'See and steer a cluster in the browser. The name flower means the same.')
    .alias('flower')
    .option('-j, --json', 'say the address as JSON')
    .option('--conf <file>', 'options from umbel.config.ts, .js or .json, or from a flowerconfig.py');
  addDashboardFlags(dashboard);
  addGlobals(settingWords(dashboard))
    .addHelpText(
      'after',
      `
Examples:
  umbel -A proj -b redis://localhost:6379/0 dashboard --basic_auth=ann:secret --address=0.0.0.0
  umbel dashboard -b redis://localhost:6379/0 --result-backend redis://localhost:6379/1 --port 8080
  umbel dashboard -b 'sentinel://s1:26379;sentinel://s2:26379' -- broker_transport_options='{"master_name": "main"}'`,
    )
    .action(action(withSettings(async () => (await import('./dashboard.ts')).dashboard)));
}

function addTaskCommands(sub: Sub): void {
  addGlobals(
    sub('call', 'Send a task by name; prints its id.')
      .argument('<name>', 'name of the task')
      .option('-a, --args <json>', 'arguments, a JSON array', parse.jsonArray, [])
      .option('-k, --kwargs <json>', 'keyword arguments, a JSON object', parse.jsonObject, {})
      .option('--eta <time>', 'run at the earliest then (ISO 8601)', parse.instant)
      .option('--countdown <seconds>', 'run at the earliest so long from now', parse.number)
      .option('--expires <seconds or time>', 'do not run later', parse.secondsOrInstant)
      .option('--priority <number>', 'priority, 0 to 9', parse.integer)
      .option('--serializer <name>', 'how arguments are written (default json)')
      .option('--task-id <id>', 'the id to use', parse.name)
      .option('--wait [seconds]', 'wait for the result and print it', parse.amount)
      .option('--unchecked', 'with -A: send it although the app does not know it')
      .option('-j, --json', 'answer as JSON')
      .optionsGroup('Routing options:')
      .option('--queue <name>', 'queue', parse.name)
      .option('--exchange <name>', 'exchange', parse.name)
      .option('--routing-key <key>', 'routing key'),
  )
    .addHelpText('after', `\nExample:\n  umbel -A ./app.ts call math.add -a '[2, 3]' --wait 10`)
    .action(action(async () => (await import('./call.ts')).call));

  addGlobals(
    sub('result', 'Wait for a task and print what it returned.')
      .argument('<task-id>', 'id of the task', parse.name)
      .option('-t, --task <name>', 'name of the task')
      .option('--traceback', 'the traceback instead, without waiting')
      .option('--timeout <seconds>', 'do not wait longer', parse.amount)
      .option('-j, --json', 'answer as JSON'),
  ).action(action(async () => (await import('./call.ts')).result));
}

function addClusterCommands(sub: Sub): void {
  const status = sub('status', 'Which workers are online?');
  remoteOptions(status);
  addGlobals(status).action(action(async () => (await import('./remote.ts')).status));

  for (const kind of ['inspect', 'control'] as const) {
    const text =
      kind === 'inspect'
        ? 'Ask workers: active, reserved, stats ...'
        : 'Tell workers: revoke, rate_limit, shutdown ...';
    const command = sub(kind, text)
      .argument('[command]', 'which; --list names them')
      .argument('[args...]', 'its arguments')
      .option('--list', 'name all commands');
    remoteOptions(command);
    addGlobals(command)
      .addHelpText('after', () => `\nCommands:\n${remoteCommands(kind)}`)
      .action(
        action(async () => {
          const { remote } = await import('./remote.ts');
          return (name: string | undefined, words: string[], options: object) => remote(kind, name, words, options);
        }),
      );
  }

  addEvents(sub);

  addGlobals(
    sub('graph', 'What a worker (bootsteps) or a cluster (workers) is made of, as DOT for Graphviz.')
      .addArgument(new Argument('<what>', 'bootsteps or workers').choices(['bootsteps', 'workers']))
      .argument('[words...]', 'bootsteps: worker, consumer; workers: nodes:a,b threads:2,4 wmax:4 tmax:3 generic')
      .option('-t, --timeout <seconds>', 'workers: how long to wait for replies at most (default 1)', parse.number)
      .option('-j, --json', 'answer as JSON'),
  )
    .addHelpText('after', '\nExample:\n  umbel -A ./app.ts graph bootsteps | dot -Tsvg > steps.svg')
    .action(action(async () => (await import('./graph.ts')).graph));

  const history = sub(
    'history',
    "The dashboard's history file: copy it while it is in use, or see what would leave it.",
  )
    .addArgument(new Argument('<what>', 'backup or trim').choices(['backup', 'trim']))
    .argument('[file]', 'backup: where the copy goes')
    .option('--dry-run', 'trim: only say what would leave it; also while a dashboard runs')
    .option('-j, --json', 'answer as JSON');
  addDashboardFlags(history, [
    ...['db', 'user_data', 'retention_age', 'retention_tasks', 'retention_size', 'retention_states'],
  ]);
  addGlobals(history)
    .addHelpText(
      'after',
      `
Examples:
  umbel history backup /backup/umbel-$(date +%F).db --db /var/lib/umbel/history.db
  umbel history trim --dry-run --db history.db --retention-states SUCCESS=86400,FAILURE=forever`,
    )
    .action(action(async () => (await import('./history.ts')).history));

  const audit = sub('audit', 'The record of what was done from the dashboard: is it as it was written?')
    .addArgument(
      new Argument('<what>', 'verify: is nothing changed, missing or added? Status 1: it is').choices(['verify']),
    )
    .option('--head <hash>', 'and does it go on from this end, which an earlier run showed?')
    .option('-j, --json', 'answer as JSON');
  addDashboardFlags(audit, ['db']);
  addGlobals(audit).action(action(async () => (await import('./audit.ts')).verifyAudit));

  addGlobals(
    sub('hash-password', 'Read a password and print its hash, for --basic-auth-file.').argument(
      '[user]',
      'the line then begins with it',
    ),
  )
    .addHelpText(
      'after',
      `
Examples:
  umbel hash-password ann >> users.txt
  printf %s "$PASSWORD" | umbel hash-password`,
    )
    .action(action(async () => (await import('./hash-password.ts')).hashPasswordCommand));

  addGlobals(
    sub('report', 'Versions, platform and settings, for bug reports.').option('-j, --json', 'answer as JSON'),
  ).action(action(async () => (await import('./report.ts')).report));
}

/** What may follow a command, beside its own subcommands: for completion. */
async function firstWords(): Promise<Map<string, { word: string; says: string }[]>> {
  const [{ AMQP_VERBS }, { MULTI_VERBS }] = await Promise.all([import('./amqp-shell.ts'), import('./multi.ts')]);
  const remote = (kind: 'inspect' | 'control') =>
    COMMANDS.filter((command) => command.kind === kind && command.visible).map(({ name, doc }) => ({
      word: name,
      says: doc,
    }));
  return new Map([
    ['inspect', remote('inspect')],
    ['control', remote('control')],
    ['amqp', Object.entries(AMQP_VERBS).map(([word, { says }]) => ({ word, says }))],
    ['multi', MULTI_VERBS.map((word) => ({ word, says: '' }))],
  ]);
}

function remoteCommands(kind: 'inspect' | 'control'): string {
  return COMMANDS.filter((command) => command.kind === kind && command.visible)
    .map(({ name, doc }) => `  ${name.padEnd(27)}${doc}`)
    .join('\n');
}

/** What `umbel completion` prints. */
export async function completionOf(shell: Shell): Promise<string> {
  const { completionScript } = await import('./completion.ts');
  return completionScript(shell, createProgram(), await firstWords());
}

/** Flower's --url_prefix=/x is our --url-prefix=/x. */
export function dashed(word: string): string {
  return word.replace(/^--[a-z\d_]+/, (flag) => flag.replaceAll('_', '-'));
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    // Its options are the workers', and say in their names whom they are for.
    const around = wordsAround('multi', argv);
    if (around) return await (await import('./multi.ts')).multi(around);
    await program.parseAsync(argv.map(dashed), { from: 'user' });
    return takeExitCode() ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { reportError } = await import('./errors.ts');
    return reportError(error);
  }
}
