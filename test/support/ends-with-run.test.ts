// A run of the tests leaves no process behind, however it ends. Here a small process stands for vitest's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';
import { READ_SOURCES } from './sources/read-sources.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a run may have open: a child that ignores signals, one that leads a group of its own, and one that hides its environment. */
const RUN = `
import { spawn } from 'node:child_process';
import { endChildrenWithThis, markOfRun } from '${ROOT}test/support/ends-with-run.ts';
import { mkdirSync } from 'node:fs';
endChildrenWithThis();
const folder = process.argv[1] + '/' + markOfRun();
mkdirSync(folder);
const children = [
  spawn('sh', ['-c', 'trap "" TERM INT; while :; do sleep 1000; done'], { stdio: 'ignore' }),
  spawn('sh', ['-c', 'sleep 1000 & wait'], { stdio: 'ignore', detached: true }),
  spawn('sleep', ['1000'], { stdio: 'ignore', env: {}, cwd: folder, detached: true }),
];
setInterval(() => {}, 1000);
console.log(JSON.stringify(children.map((child) => child.pid)));
`;

const itNeedsProc = existsSync('/proc/self/environ') ? it : it.skip;

itNeedsProc.concurrent.for(['SIGTERM', 'SIGKILL'] as const)(
  'what a run started ends with it when it is ended by %s',
  async (signal, { expect, onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-ends-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const words = [...READ_SOURCES, '--input-type=module', '-e', RUN, folder];
    const run = spawn(process.execPath, words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    const started = JSON.parse(await firstLine(run)) as number[];
    await until(() => started.every((pid) => commandOf(pid) !== ''), 'the children to run');
    const [mark] = readdirSync(folder);
    await until(() => marked(mark!).length >= 4, 'two shells and their children to carry the mark');

    run.kill(signal);

    const left = () => [...started.map(commandOf), ...marked(mark!)].filter((command) => command !== '');
    await expect.poll(left).toEqual([]);
  },
);

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error('it ended without a word');
}

/** Empty when it has ended. A zombie has no command line. */
function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

/** The command lines of those that carry the mark. */
function marked(mark: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && read(`/proc/${pid}/environ`).includes(mark))
    .map((pid) => read(`/proc/${pid}/cmdline`));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
