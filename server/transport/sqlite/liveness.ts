// Is the process that wrote this row still there? Told by machine, process id and start time, so that a process id used again,
// another container on the same file, or a reboot is not mistaken for it.
// When to ask, and what to do with the dead: sessions.ts.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';

export interface ProcessIdentity {
  /** Host, boot and process-id namespace: within one, process ids mean the same. */
  readonly machine: string;
  readonly pid: number;
  /** When it started, as the system tells it; '' where it does not. */
  readonly started: string;
  readonly thread: number;
}

export function thisProcess(): ProcessIdentity {
  return { machine: thisMachine(), pid: process.pid, started: startOf(process.pid) ?? '', thread: threadId };
}

/** Written by this process, and this thread of it. */
export function isThis(who: ProcessIdentity): boolean {
  const own = thisProcess();
  return (['machine', 'pid', 'started', 'thread'] as const).every((field) => who[field] === own[field]);
}

let machine: string | undefined;

function thisMachine(): string {
  if (machine === undefined) {
    const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '';
    const space = attempt(() => readlinkSync('/proc/self/ns/pid')) ?? '';
    machine = [hostname(), boot, space].join('|');
  }
  return machine;
}

/** true, false, or null: it cannot be told from here (another machine, or one thread of a living process). */
export function isAlive(who: ProcessIdentity): boolean | null {
  if (who.machine !== thisMachine()) return null;
  try {
    process.kill(who.pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') return false;
  }
  const started = startOf(who.pid);
  if (started !== null && who.started !== '' && started !== who.started) return false;
  return who.thread === 0 ? true : null;
}

/** Field 22 of /proc/<pid>/stat; a dead process its parent has not collected yet is gone, too. null: not to be told. */
function startOf(pid: number): string | null {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? null);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
