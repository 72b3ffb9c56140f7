// "No file descriptor left" in words, for a start that fails at it: it must be loaded before there are none, so main.ts imports it first.
// Imports nothing of ours. While running, who opens something says it: transport/redis/failure.ts, dashboard/routes/problem.ts.
import { readFileSync } from 'node:fs';

// Read at once: later there may be no descriptor left to read it with.
const OWN_LIMIT = openFilesLimit();

/** One line that names the limit and what to do; null for any other error. */
export function openFilesProblem(error: unknown, limit = OWN_LIMIT): string | null {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== 'EMFILE' && code !== 'ENFILE') return null;
  const whose =
    code === 'EMFILE'
      ? `this process may have ${limit ?? 'no more'} files open`
      : 'this machine has no more files to give';
  return `${whose}, which is not enough to start: raise the limit (ulimit -n 1024, or LimitNOFILE of systemd). ${message}`;
}

/** Linux only; null where it is not known. */
function openFilesLimit(): string | null {
  try {
    return /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
