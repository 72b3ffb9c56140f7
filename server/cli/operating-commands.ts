// Declarations of the commands for who operates a cluster by hand.
// Not here: the programs and the commands about tasks and workers (program.ts), what each does (the file of its name).
// Celery 5.6: bin/
import { Argument } from 'commander';
import { action, addGlobals, daemonOptions, LOG_LEVELS, type Sub } from './command-parts.ts';
import type { Shell } from './completion.ts';
import * as parse from './parse.ts';

/** For the list of commands alone: its words are read by multi-nodes.ts. */
export function addMulti(sub: Sub): void {
  addGlobals(sub('multi', 'Several workers at once, in the background: start, stop, restart ...')).allowUnknownOption();
}

export function addEvents(sub: Sub): void {
  const events = sub('events', 'What happens, live: the whole screen on a terminal, else line by line, until Ctrl+C.')
    .option('-d, --dump', 'line by line, on a terminal too')
    .option('--type <patterns>', "lines: only these, by commas: 'task-failed', 'worker-*'", parse.commaList)
    .option('--count <number>', 'lines: end after so many', parse.positiveInteger)
    .option('-j, --json', 'lines: one JSON object each')
    .optionsGroup('Snapshots:')
    .option('-c, --camera <module>', 'hand a picture of the cluster to code of yours: a module, or module:name')
    .option('-F, --frequency <seconds>', 'camera: every so often (default 1)', parse.positiveNumber)
    .option('--freq <seconds>', 'the same', parse.positiveNumber)
    .option('-r, --maxrate <rate>', "camera: no more pictures than that, such as '10/m'")
    .option('-D, --detach', 'camera: run in the background')
    .option('-l, --loglevel <level>', `${LOG_LEVELS} (default WARNING)`, parse.logLevel);
  daemonOptions(events);
  addGlobals(events)
    .addHelpText(
      'after',
      `
Examples:
  umbel -b redis://localhost:6379/0 events
  umbel -A ./app.ts events --dump --type 'task-failed,worker-*'
  umbel -A ./app.ts events -c ./camera.ts -F 10`,
    )
    .action(action(async () => (await import('./events.ts')).events));
}

export function addQueueCommands(sub: Sub): void {
  addGlobals(
    sub('purge', 'Throw away all messages that wait in the task queues. There is no undo.')
      .option('-f, --force', 'do not ask')
      .option('-Q, --queues <names>', 'these queues, by commas', parse.names)
      .option('-X, --exclude-queues <names>', 'not these queues, by commas', parse.commaList)
      .option('-j, --json', 'answer as JSON'),
  ).action(action(async () => (await import('./queues.ts')).purge));

  addGlobals(
    sub('migrate', 'Copy, or move, the tasks that wait from one broker to another.')
      .argument('<source>', 'URL of the broker that has them')
      .argument('<destination>', 'URL of the broker that gets them')
      .option('-n, --limit <number>', 'no more than so many', parse.positiveInteger)
      .option('-t, --timeout <seconds>', 'end when nothing has come for so long (default 1)', parse.amount)
      .option('-a, --ack-messages', 'take them from the source, once the destination has them; else they are copied')
      .option('-T, --tasks <names>', 'only tasks of these names, by commas', parse.names)
      .option('-Q, --queues <names>', "these queues, by commas; 'mail:post' renames (default: the app's)", parse.names)
      .option('-F, --forever', 'go on until Ctrl+C')
      .option('-j, --json', 'answer as JSON'),
  )
    .addHelpText('after', '\nExample:\n  umbel migrate redis://old amqp://new -Q celery,mail:post --ack-messages')
    .action(action(async () => (await import('./migrate.ts')).migrate));

  const list = sub('list', 'What the broker has: bindings.');
  addGlobals(
    list
      .command('bindings')
      .description('Which queue gets what of which exchange, by what the app declares.')
      .copyInheritedSettings(list)
      .option('-j, --json', 'answer as JSON'),
  ).action(action(async () => (await import('./list-bindings.ts')).listBindings));

  addGlobals(
    sub('amqp', "AMQP's own verbs against the broker, whichever it is: one of them, or a prompt.").argument(
      '[words...]',
      "a verb and its words, such as 'queue.declare mail'; none: a prompt, which 'help' explains",
    ),
  ).action(action(async () => (await import('./amqp-shell.ts')).amqp));
}

/** @param completionOf the script for a shell, made from all commands */
export function addTools(sub: Sub, completionOf: (shell: Shell) => Promise<string>): void {
  addGlobals(
    sub('shell', 'A prompt of Node with the app and its tasks.')
      .option('-I, --ipython', 'taken for compatibility')
      .option('-B, --bpython', 'taken for compatibility')
      .option('--python', 'taken for compatibility')
      .option('-T, --without-tasks', 'do not put the tasks in reach')
      .option('--eventlet', 'taken for compatibility')
      .option('--gevent', 'taken for compatibility'),
  )
    .addHelpText('after', '\nExample:\n  umbel -A ./app.ts shell\n  umbel> await (await add.delay(2, 3)).get()')
    .action(action(async () => (await import('./shell.ts')).shell));

  const logtool = sub('logtool', "What workers' log files tell: stats, traces, errors, incomplete, debug.");
  for (const [question, says] of LOGTOOL) {
    addGlobals(
      logtool
        .command(question)
        .description(says)
        .copyInheritedSettings(logtool)
        .argument('[files...]', 'log files, of these workers or of Celery; none: standard input')
        .option('-j, --json', 'stats: answer as JSON'),
    ).action(
      action(async () => {
        const { logtool: run } = await import('./logtool.ts');
        return (files: string[], options: object) => run(question, files, options);
      }),
    );
  }

  const upgrade = sub('upgrade', 'From an older version: settings.');
  addGlobals(
    upgrade
      .command('settings')
      .description('Write the names of settings from before Celery 4 anew, in a file of any language.')
      .copyInheritedSettings(upgrade)
      .argument('<filename>', 'the file; a copy is kept as <filename>.orig')
      .option('--django', 'names as CELERY_..., as settings of Django have them')
      .option('--compat', 'the same')
      .option('--no-backup', 'keep no copy'),
  ).action(action(async () => (await import('./upgrade-settings.ts')).upgradeSettings));

  addGlobals(
    sub('completion', 'Print what completes this command in a shell.').addArgument(
      new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']),
    ),
  )
    .addHelpText(
      'after',
      `
Examples:
  umbel completion bash > /etc/bash_completion.d/umbel
  umbel completion zsh > ~/.zfunc/_umbel
  umbel completion fish > ~/.config/fish/completions/umbel.fish`,
    )
    .action(
      action(async () => {
        const { print } = await import('./stdio.ts');
        return async (shell: Shell) => {
          print(process.stdout, await completionOf(shell));
          return 0;
        };
      }),
    );
}

const LOGTOOL = [
  ['stats', 'How many tasks, of which names, with which end.'],
  ['traces', 'Tracebacks, with the line they belong to.'],
  ['errors', 'Lines of tasks that did not succeed.'],
  ['incomplete', 'Tasks that were received and have no end.'],
  ['debug', 'Lines that are not about a task.'],
] as const;
