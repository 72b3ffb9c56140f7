// Whoever started this process through npm or a script of this folder is gone: then nobody waits for what it does any more.
// A shell or another program that started it directly is left out, since that may end and leave it running on purpose.
// Knows processes by /proc; where there is none it watches nothing.
import { readFileSync } from 'node:fs';

const EVERY_MS = 500;
const LAUNCHER = /^npm |\.build\/\w+\.mjs/;

/** Calls `gone` once, when one of the processes between this one and the outermost npm has ended. */
export function whenLauncherIsGone(gone) {
  const above = [];
  for (let pid = process.ppid; pid > 1 && above.length < 6; pid = parentOf(pid))
    above.push({ pid, launches: LAUNCHER.test(wordsOf(pid)) });
  const chain = above.slice(0, above.findLastIndex(({ launches }) => launches) + 1).map(({ pid }) => pid);
  if (chain.length === 0) return;
  const timer = setInterval(() => {
    // A process whose parent has ended gets another one.
    if (chain.every((pid, i) => pid === (i === 0 ? process.ppid : parentOf(chain[i - 1])))) return;
    clearInterval(timer);
    gone();
  }, EVERY_MS);
  timer.unref();
}

function parentOf(pid) {
  // The name of a process may hold blanks and parentheses.
  return Number(
    read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ')[1] ?? 0,
  );
}

function wordsOf(pid) {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function read(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
