// One worker as its events tell it: heartbeats, load, counts, when it counts as gone.
// Not here: what inspect tells of it (server/dashboard/cluster/inspector.ts).
// Holds: alive while now < last heartbeat + freq * 200 %; a task event counts as a sign of life; the last four heartbeats are kept.
// Celery 5.6: events/state.py Worker
import { bySetClock } from '../set-clock.ts';
import type { CeleryEvent } from './event.ts';

/** How long a heartbeat counts, as a share of the worker's own interval. @unit percent */
export const HEARTBEAT_EXPIRE_WINDOW = 200;
/** A clock further off than this is taken into account. @unit seconds */
export const DRIFT_MIN = 2;
const HEARTBEATS_KEPT = 4;
const DRIFTS_KEPT = 5;
/** Before so many heartbeats nothing is said of a clock. */
const DRIFTS_NEEDED = 3;

export interface WorkerRecord {
  hostname: string;
  pid: number | null;
  /** Heartbeat interval the worker announced. @unit seconds */
  freq: number;
  heartbeats: number[];
  clock: number;
  active: number | null;
  processed: number | null;
  loadavg: number[] | null;
  sw_ident: string | null;
  sw_ver: string | null;
  sw_sys: string | null;
  /** It said goodbye: worker-offline. */
  left: boolean;
  /** local_received of the newest event. */
  last_heard: number | null;
  /** local_received of the newest task-* event. */
  last_task_event: number | null;
  /** Sender's clock minus ours, of the last events of the worker itself, newest last. Five at most. @unit seconds */
  drifts: number[];
  /** What they come to, see `clockDrift`: 0 when its clock is right, or not known yet. @unit seconds */
  clock_drift: number;
  /** Of `drifts`, how many were measured since our own clock was set last; the others were only put right by that. */
  drifts_since_set: number;
  received: number;
  succeeded: number;
  failed: number;
  retried: number;
  batch: number;
}

export function createWorkerRecord(hostname: string): WorkerRecord {
  return {
    hostname,
    pid: null,
    freq: 60,
    heartbeats: [],
    clock: 0,
    active: null,
    processed: null,
    loadavg: null,
    sw_ident: null,
    sw_ver: null,
    sw_sys: null,
    left: false,
    last_heard: null,
    last_task_event: null,
    drifts: [],
    clock_drift: 0,
    drifts_since_set: 0,
    received: 0,
    succeeded: 0,
    failed: 0,
    retried: 0,
    batch: -1,
  };
}

/** Merge a worker-* event; `subject` is what follows 'worker-'. */
export function mergeWorkerEvent(w: WorkerRecord, subject: string, e: CeleryEvent): void {
  if (typeof e.pid === 'number') w.pid = e.pid;
  if (typeof e.freq === 'number') w.freq = e.freq;
  if (typeof e.clock === 'number') w.clock = e.clock;
  if (typeof e.active === 'number') w.active = e.active;
  if (typeof e.processed === 'number') w.processed = e.processed;
  if (Array.isArray(e.loadavg)) w.loadavg = e.loadavg.filter((v) => typeof v === 'number');
  if (typeof e.sw_ident === 'string') w.sw_ident = e.sw_ident;
  if (typeof e.sw_ver === 'string') w.sw_ver = e.sw_ver;
  if (typeof e.sw_sys === 'string') w.sw_sys = e.sw_sys;
  if (subject === 'offline') {
    w.heartbeats.length = 0;
    w.left = true;
    return;
  }
  w.left = false;
  if (!e.local_received || !e.timestamp) return;
  addDrift(w, e.timestamp - e.local_received);
  addHeartbeat(w, e.local_received);
}

/** A goodbye of a process that another has followed under its name already, as in a rolling deploy: that one stays. */
export const isOfAnother = (pid: number | null, goodbye: CeleryEvent): boolean =>
  Boolean(pid) && typeof goodbye.pid === 'number' && goodbye.pid !== pid;

function addDrift(w: WorkerRecord, drift: number): void {
  w.drifts.push(drift);
  w.drifts_since_set = Math.min(DRIFTS_KEPT, w.drifts_since_set + 1);
  if (w.drifts.length > DRIFTS_KEPT) w.drifts.shift();
  w.clock_drift = clockDrift(w.drifts);
}

/**
 * Our clock was set: how far its own is off is known at once, not some heartbeats later, and it was heard as long ago as before.
 * @unit seconds
 */
export function ownClockSet(w: WorkerRecord, by: number, now: number): void {
  w.drifts = w.drifts.map((drift) => drift - by);
  w.drifts_since_set = 0;
  w.clock_drift = clockDrift(w.drifts);
  w.heartbeats = w.heartbeats.map((at) => bySetClock(at, by, now));
  if (w.last_heard !== null) w.last_heard = bySetClock(w.last_heard, by, now);
  if (w.last_task_event !== null) w.last_task_event = bySetClock(w.last_task_event, by, now);
}

/**
 * How far its clock is ahead of ours (negative: behind); 0 when it is right, or not known yet. What is late on its way looks like a clock
 * that is behind: of those the least is taken. @unit seconds
 */
function clockDrift(drifts: readonly number[]): number {
  if (drifts.length < DRIFTS_NEEDED) return 0;
  const sorted = [...drifts].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1]!;
  const drift = median > 0 ? median : Math.min(0, sorted.at(-1)!);
  return Math.abs(drift) < DRIFT_MIN ? 0 : drift;
}

/**
 * `clock_drift`, as far as it was measured by our clock as it stands: where ours was set just now, its clock may be of the same machine
 * and set as well. Until then 0. @unit seconds
 */
export const measuredDrift = (w: WorkerRecord): number => (w.drifts_since_set < DRIFTS_NEEDED ? 0 : w.clock_drift);

/** Enough was heard of it to say whether its clock is right. */
export const isClockJudged = (w: WorkerRecord): boolean => w.drifts.length >= DRIFTS_NEEDED;

/**
 * When an event happened by our clock: what its sender's clock says is put right by how far that is off, and nothing happened after it
 * was heard. @param heard seconds  @param drift of the sender, seconds
 */
export function byOurClock(timestamp: number, heard: number, drift: number): number {
  // Set right since it was measured, a clock agrees with ours by itself.
  const placed =
    drift !== 0 && Math.abs(timestamp - drift - heard) < Math.abs(timestamp - heard) ? timestamp - drift : timestamp;
  return placed > heard + DRIFT_MIN ? heard : placed;
}

/** A sign of life at `at`. Newest last, at most four. */
export function addHeartbeat(w: WorkerRecord, at: number): void {
  const hearts = w.heartbeats;
  if (hearts.length >= HEARTBEATS_KEPT) {
    hearts[0] = hearts[1]!;
    hearts[1] = hearts[2]!;
    hearts[2] = hearts[3]!;
    hearts.length = 3;
  }
  let i = hearts.length;
  while (i > 0 && hearts[i - 1]! > at) {
    hearts[i] = hearts[i - 1]!;
    i--;
  }
  hearts[i] = at;
}

export function heartbeatExpires(at: number, freq: number, expireWindow = HEARTBEAT_EXPIRE_WINDOW): number {
  return at + freq * (expireWindow / 100);
}

/** When the worker stops counting as alive, or null when it has no heartbeat. */
export function workerExpires(w: WorkerRecord): number | null {
  const last = w.heartbeats.at(-1);
  return last === undefined ? null : heartbeatExpires(last, w.freq);
}

export function isAlive(w: WorkerRecord, now: number): boolean {
  const expires = workerExpires(w);
  return expires !== null && now < expires;
}
