// Ends what a run of the tests left behind: a process of its own, which outlives the run by a moment. Who starts it: ends-with-run.ts.
// Its stdin is a pipe that only the run's own process holds. It closes however that process ends, by SIGKILL too; then whatever
// carries the run's mark is killed: by its environment, which children inherit, or by its working directory (redis-server
// overwrites its environment), and the children of those. Folders for temporary files that carry it go, too.
// Holds: nothing is looked at before the run is over. It knows processes by /proc; where there is none it does nothing.
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [, , variable, mark] = process.argv;

process.stdin.resume();
process.stdin.on('error', end);
process.stdin.on('close', end);
// The terminal's Ctrl-C and a hang-up are for the run.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

function end() {
  // What is killed may have started another just before, which carries no mark until it runs its own program.
  for (let round = 0, empty = 0; round < 100 && empty < 3; round++) {
    const left = marked();
    empty = left.length === 0 ? empty + 1 : 0;
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
  for (const name of entries(tmpdir()))
    if (name.includes(mark)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  process.exit();
}

/** @returns the pids of this run's processes, zombies aside */
function marked() {
  const found = new Set();
  const parents = new Map();
  for (const name of entries('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // Its name may hold blanks and parentheses: state and parent stand after the last one.
    const [state, parent] = read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
    if (state === undefined || state === '' || state === 'Z') continue;
    parents.set(pid, Number(parent));
    if (read(`/proc/${pid}/environ`).includes(`${variable}=${mark}\0`) || folderOf(pid).includes(mark)) found.add(pid);
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

function entries(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function folderOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
