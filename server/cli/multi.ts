// `umbel multi`: several workers of this machine at once, each in the background with a pid and a log file of its own.
// What its words mean: multi-nodes.ts. Being in the background and holding a pid file: daemon.ts.
// Holds: a node is down when its process is gone, whatever became of its pid file; the program ends with 1 when one did not start.
// Celery 5.6: bin/multi.py, apps/multi.py
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { createTimer } from '../timer.ts';
import { isAlive, readPidfile } from './daemon.ts';
import { type MultiNode, nodesOf, readWords } from './multi-nodes.ts';
import { CliError, createOutput, EXIT, type Output, plural } from './output.ts';
import { createProgress } from './progress.ts';
import { print } from './stdio.ts';
import { packageVersion } from './version.ts';

const USAGE = `usage: umbel multi start <node1 node2 ...|number> [worker options]
       umbel multi stop <nodes|number> [-SIG, without it -TERM]
       umbel multi stopwait <nodes|number> [-SIG]
       umbel multi restart <nodes|number> [-SIG] [worker options]
       umbel multi kill <nodes|number>

       umbel multi show <nodes|number> [worker options]
       umbel multi get <node> <nodes|number> [worker options]
       umbel multi names <nodes|number>
       umbel multi expand <template> <nodes|number>
       umbel multi help

options of its own, after the command's name:

    --nosplash    without the first line
    --quiet, -q   fewer words
    --verbose     more words: the commands that are run
    --no-color    no colours

options that shape the nodes:

    -n, --hostname <host>   the host of names without one (this machine's)
    --prefix, --suffix      before and after each name
    --range-prefix <name>   what numbered nodes are called (celery: celery1, celery2 ...)
    --cmd <words>           what each runs ('worker --detach')
    --append <words>        what is written after all else
    --executable <path>     the Node that runs them

Everything else goes to every worker; -c:1-3 10, -Q:mail,web orders or -l:2 DEBUG only to those. In values %n is a node's name.
`;

const EXAMPLES = `
examples:

    umbel multi start 3 -A ./app.ts -c 4 --pidfile=run/%n.pid --logfile=log/%n.log
    umbel multi start mail web -A ./app.ts -Q:mail mail -c:web 20 -l INFO --pidfile=run/%n.pid --logfile=log/%n.log
    umbel multi stopwait 3 --pidfile=run/%n.pid
    umbel multi restart mail web -A ./app.ts -l INFO --pidfile=run/%n.pid --logfile=log/%n.log

Without --pidfile and --logfile they are /var/run/celery/%n.pid and /var/log/celery/%n%I.log. What was given to start has to be
given to restart again, and the pid files to whatever is to find the nodes.
`;

/** For completion. */
export const MULTI_VERBS = 'start stop stopwait restart kill show get names expand help'.split(' ');

interface Tool {
  readonly output: Output;
  readonly verbose: boolean;
  note(text: string, end?: string): void;
}

/** @param around the words around `multi`: global options before it are each worker's. @returns the exit code */
export async function multi({
  before,
  after,
}: {
  before: readonly string[];
  after: readonly string[];
}): Promise<number> {
  const passed = after.includes('--') ? after.indexOf('--') : after.length;
  const words = [...after.slice(0, passed), ...before, ...after.slice(passed)];
  const has = (...names: string[]) => words.some((word) => names.includes(word));
  const quiet = has('--quiet', '-q');
  const output = createOutput({ quiet, ...(has('--no-color', '-C') ? { color: false } : {}) });
  const tool: Tool = {
    output,
    verbose: has('--verbose'),
    note: (text, end = '\n') => {
      if (!quiet) print(process.stdout, text + end);
    },
  };
  const splash = () => {
    if (!has('--nosplash')) tool.note(output.paint(`umbel multi v${packageVersion()}`, 'cyan'));
  };
  const own = ['--nosplash', '--quiet', '-q', '--verbose', '--no-color', '-C'];
  const [command, ...rest] = words.filter((word) => !own.includes(word));
  const nodes = (from = rest) => cluster(from);
  switch (command) {
    case 'start':
      splash();
      return await start(nodes(), tool);
    case 'stop':
      splash();
      return await stop(nodes(), signalOf(rest), tool);
    case 'stopwait':
    case 'stop_verify':
      splash();
      return await stop(nodes(), signalOf(rest), tool, async () => {});
    case 'restart':
      splash();
      return await restart(nodes(), signalOf(rest), tool);
    case 'kill':
      splash();
      return kill(nodes(), tool);
    case 'names':
      output.line(
        nodes()
          .map(({ name }) => name)
          .join('\n'),
      );
      return EXIT.ok;
    case 'show':
      output.line(
        nodes()
          .map((node) => commandLine(node, true))
          .join('\n'),
      );
      return EXIT.ok;
    case 'get': {
      const node = nodes(rest.slice(1)).find(({ name }) => name === rest[0]);
      if (node) output.line(commandLine(node, false));
      return node ? EXIT.ok : EXIT.failure;
    }
    case 'expand':
      output.line(
        nodes(rest.slice(1))
          .map((node) => node.expand(rest[0] ?? ''))
          .join('\n'),
      );
      return EXIT.ok;
    case 'help':
    case '--help':
    case '-h':
      print(process.stdout, USAGE + EXAMPLES);
      return EXIT.ok;
    default:
      if (command !== undefined && !command.startsWith('-')) print(process.stderr, `Invalid command: ${command}\n`);
      print(process.stderr, USAGE);
      return EXIT.usage;
  }
}

function cluster(words: readonly string[]): MultiNode[] {
  const nodes = nodesOf(readWords(words));
  if (nodes.length === 0)
    throw new CliError('multi is given no node', EXIT.usage, 'name them, or say how many: umbel multi start 3');
  return nodes;
}

/** '-KILL', '-SIGINT', '-9' */
function signalOf(words: readonly string[]): NodeJS.Signals {
  for (const word of words.toReversed()) {
    const [, text] = /^-([A-Z\d]+)$/.exec(word) ?? [];
    if (text === undefined) continue;
    const found = Object.entries(constants.signals).find(
      ([name, number]) => name === text || name === `SIG${text}` || String(number) === text,
    );
    if (found) return found[0] as NodeJS.Signals;
  }
  return 'SIGTERM';
}

/** How this program itself was started, then the node's words. */
function argvOf(node: MultiNode): string[] {
  return [node.executable ?? process.execPath, ...process.execArgv, process.argv[1]!, ...node.argv];
}

function commandLine(node: MultiNode, whole: boolean): string {
  const words = whole ? argvOf(node) : argvOf(node).slice(1);
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

async function start(nodes: readonly MultiNode[], tool: Tool): Promise<number> {
  tool.note('> Starting nodes...');
  const progress = createProgress('Starting', tool.output.quiet);
  let failed = false;
  for (const [at, node] of nodes.entries()) {
    progress.at(at, nodes.length, node.name);
    const code = await startNode(node, tool, `\t> ${node.name}: `, progress.clear);
    failed ||= code !== 0;
  }
  return failed ? EXIT.failure : EXIT.ok;
}

/** Runs the command that goes to the background, to its end. */
async function startNode(node: MultiNode, tool: Tool, words: string, before: () => void = () => {}): Promise<number> {
  const { paint } = tool.output;
  try {
    for (const path of [node.pidfile, node.logfile]) mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new CliError(
      `cannot make a folder for ${node.name}: ${(error as Error).message}`,
      EXIT.cannotCreate,
      'say where with --pidfile=run/%n.pid --logfile=log/%n.log',
    );
  }
  const [command, ...args] = argvOf(node);
  const child = spawn(command!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const code = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      said = error.message;
      resolve(EXIT.failure);
    });
    child.on('close', (status, signal) => resolve(status ?? 128 + (constants.signals[signal!] ?? 0)));
  });
  before();
  tool.note(words, '');
  tool.note(code === 0 ? paint('OK', 'green') : paint('FAILED', 'red'));
  if (tool.verbose) tool.note(`  ${commandLine(node, true)}`);
  if (code !== 0) {
    if (said.trim() !== '') print(process.stderr, `${said.trimEnd()}\n`);
    tool.note(`* Child terminated with exit code ${code}`);
  }
  return code;
}

/** One that runs, and its number. */
type Live = readonly [node: MultiNode, pid: number];

/** Who has a pid file; of the others it is said that they are down. */
function found(nodes: readonly MultiNode[], down: (node: MultiNode) => void): Live[] {
  return nodes.flatMap((node): Live[] => {
    const pid = readPidfile(node.pidfile);
    if (pid !== null) return [[node, pid]];
    down(node);
    return [];
  });
}

/** @returns whether there was such a process */
function send([node, pid]: Live, signal: NodeJS.Signals, tool: Tool): boolean {
  try {
    if (isAlive(pid)) {
      process.kill(pid, signal);
      return true;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
      throw new CliError(`cannot signal ${node.name} (${pid}): ${(error as Error).message}`);
  }
  tool.note(`Could not signal ${node.name} (${pid}): No such process`);
  return false;
}

/** @param gone waits for each to be gone, and is told; not given: only sends the signal */
async function stop(
  nodes: readonly MultiNode[],
  signal: NodeJS.Signals,
  tool: Tool,
  gone?: (node: MultiNode) => Promise<void>,
): Promise<number> {
  const { paint } = tool.output;
  const down: MultiNode[] = [];
  const running = found(nodes, (node) => down.push(node));
  const isDown = async (node: MultiNode) => {
    tool.note(`> ${node.name}: ${paint('DOWN', 'magenta')}`);
    await gone?.(node);
  };
  for (const node of down) await isDown(node);
  if (running.length === 0) return EXIT.ok;
  tool.note(paint('> Stopping nodes...', 'blue'));
  const signalled: Live[] = [];
  for (const live of running) {
    tool.note(`\t> ${live[0].name}: ${signal.slice(3)} -> ${live[1]}`);
    if (send(live, signal, tool)) signalled.push(live);
    else await isDown(live[0]);
  }
  if (gone) await waitFor(signalled, tool, gone);
  return EXIT.ok;
}

/** How often it is looked whether a process is gone. */
const LOOK_MS = 100;

async function waitFor(live: readonly Live[], tool: Tool, gone: (node: MultiNode) => Promise<void>): Promise<void> {
  const timer = createTimer();
  const progress = createProgress('Stopping', tool.output.quiet);
  const { paint } = tool.output;
  let left = [...live];
  let told = Number.NaN;
  while (left.length > 0) {
    if (left.length !== told)
      tool.note(
        paint(`> Waiting for ${plural(left.length, 'node')} -> ${left.map(([, pid]) => pid).join(', ')}...`, 'blue'),
      );
    told = left.length;
    progress.at(live.length - left.length, live.length, left.map(([{ name }]) => name).join(' '));
    const ended = left.filter(([, pid]) => !isAlive(pid));
    left = left.filter((one) => !ended.includes(one));
    for (const [node, pid] of ended) {
      progress.clear();
      tool.note(`\t> ${node.name}: ${paint('OK', 'green')}`);
      // One that was killed has left it behind.
      if (readPidfile(node.pidfile) === pid) rmSync(node.pidfile, { force: true });
      await gone(node);
    }
    if (ended.length === 0) await new Promise<void>((resolve) => timer.after(LOOK_MS, resolve));
  }
  progress.clear();
}

async function restart(nodes: readonly MultiNode[], signal: NodeJS.Signals, tool: Tool): Promise<number> {
  let failed = false;
  await stop(nodes, signal, tool, async (node) => {
    const code = await startNode(node, tool, tool.output.paint(`> Restarting node ${node.name}: `, 'blue'));
    failed ||= code !== 0;
  });
  return failed ? EXIT.failure : EXIT.ok;
}

function kill(nodes: readonly MultiNode[], tool: Tool): number {
  for (const live of found(nodes, (node) => tool.note(`> ${node.name}: ${tool.output.paint('DOWN', 'magenta')}`))) {
    tool.note(`Sending KILL to node ${live[0].name} (${live[1]})`);
    send(live, 'SIGKILL', tool);
  }
  return EXIT.ok;
}
