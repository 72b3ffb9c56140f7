// A lock for a moment: a file that is there while its holder does what two must not do at once, in a folder that several machines may share.
// Not here: a lock that a process has for as long as it lives (server/file-lock.ts).
// Holds: who died with it keeps nobody away for longer than ABANDONED_MS of waiting. How long it has stood is told by that wait alone: the
// file's time is of a file server's clock, or of one that was set.
import { open, rename, stat, unlink } from 'node:fs/promises';
import type { Timer } from '../timer.ts';

/** Who holds it so long has died with it. @unit milliseconds */
const ABANDONED_MS = 10_000;
/** Between the first two looks; then it doubles. @unit milliseconds */
const PAUSE_MS = 2;
export const LONGEST_PAUSE_MS = 128;

/** Waits until it is free. @returns what frees it */
export async function takeLockFile(path: string, timer: Pick<Timer, 'after'>): Promise<() => Promise<void>> {
  let holder: string | null = null;
  let waitedMs = 0;
  for (;;) {
    try {
      await (await open(path, 'wx')).close();
      return () => unlink(path).catch(() => {});
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    const found = await stat(path).catch(ignoreMissing);
    const now = found && `${found.ino} ${found.mtimeMs}`;
    if (now === null || now !== holder) waitedMs = 0;
    holder = now;
    // Set aside, so that of two who find it abandoned one alone takes it.
    if (waitedMs >= ABANDONED_MS) await rename(path, `${path}.stale`).catch(ignoreMissing);
    const pauseMs = Math.min(Math.max(PAUSE_MS, waitedMs), LONGEST_PAUSE_MS);
    await new Promise<void>((next) => timer.after(pauseMs, next));
    waitedMs += pauseMs;
  }
}

function ignoreMissing(error: unknown): null {
  if ((error as { code?: string }).code !== 'ENOENT') throw error;
  return null;
}
