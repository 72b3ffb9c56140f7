// Elections: the workers of a cluster, Python's and ours, choose one of them by the events they all hear.
// Not here: hearing and sending (gossip.ts), what the chosen one does (its handlers).
// Who is asked stands: worker-elect. Every worker answers each candidate: worker-elect-ack. Who has heard as many answers as there
// are peers alive settles it: the lowest clock wins, of equal ones the lowest "hostname.pid".
// Holds: by Celery's rule to the letter, since the broker tells all of them the same things in the same order. Our own answers wait
// for the candidates still to come: Celery's worker counts answers, not candidates, and breaks down when it knows of one alone.
// Celery 5.6: worker/consumer/gossip.py; kombu clocks.py LamportClock.sort_heap
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { Logger } from '../../log.ts';
import type { Timer, TimerHandle } from '../../timer.ts';

export interface ElectionHost {
  readonly hostname: string;
  /** "hostname.pid" */
  readonly id: string;
  readonly log: Logger;
  readonly timer: Timer;
  /** Names of the others that are alive. */
  alive(): readonly string[];
  /** Is it a worker of Celery's own? */
  isPython(hostname: string): boolean;
  send(type: 'worker-elect' | 'worker-elect-ack', fields: Record<string, unknown>): void;
  /** This worker was chosen. */
  won(topic: string, action: unknown): void;
}

interface Candidate {
  readonly clock: number;
  readonly hostname: string;
  readonly id: string;
  readonly topic: string;
  readonly action: unknown;
}

interface Election {
  readonly candidates: Candidate[];
  /** Their hostnames. */
  readonly standing: Set<string>;
  /** Answers heard since this worker was asked; null: it was not asked yet, and settles nothing. */
  answers: number | null;
  /** Answers not given yet. */
  pendingAcks: number;
  patience: TimerHandle | null;
  readonly sinceMs: number;
}

/** How long answers wait for the other candidates. */
const PATIENCE_MS = 1000;
/** Elections that came to nothing are forgotten. */
const FORGET_MS = 60_000;
/** What others can make us hold. */
const MAX_OPEN = 1000;
const MAX_CANDIDATES = 10_000;

export class Elections {
  readonly #host: ElectionHost;
  readonly #open = new Map<string, Election>();

  constructor(host: ElectionHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#open.size;
  }

  /** This worker was asked: it stands. */
  stand(id: string, topic: string, action: unknown): void {
    this.#election(id).answers = 0;
    this.#host.send('worker-elect', { id, topic, action, cver: 1 });
  }

  onElect(event: CeleryEvent): void {
    const missing = ['id', 'clock', 'hostname', 'pid', 'topic', 'action', 'cver'].find((name) => !(name in event));
    if (missing) {
      this.#host.log.error(`election request missing field '${missing}'`);
      return;
    }
    const { clock, hostname, pid, topic, action } = event;
    const id = idOf(event);
    if (id === null || typeof topic !== 'string') {
      this.#host.log.error(`election request of ${hostname}: 'id' and 'topic' must be texts`);
      return;
    }
    if (!this.#open.has(id) && this.#open.size >= MAX_OPEN) return;
    const election = this.#election(id);
    const candidate = { hostname: String(hostname), id: `${hostname}.${pid}`, clock: Number(clock) };
    if (election.candidates.length >= MAX_CANDIDATES) return;
    election.candidates.push({ ...candidate, topic, action });
    election.standing.add(candidate.hostname);
    election.pendingAcks++;
    if (this.#allStand(election)) this.#answer(id, election);
    else election.patience ??= this.#host.timer.after(PATIENCE_MS, () => this.#answer(id, election));
  }

  onAck(event: CeleryEvent): void {
    const id = idOf(event) ?? '';
    const election = this.#open.get(id);
    if (!election || election.answers === null || election.candidates.length === 0) return;
    election.answers++;
    if (election.answers < this.#host.alive().length) return;
    const [first, second] = election.candidates;
    if (second || !this.#host.isPython(first!.hostname)) {
      this.#settle(id, election);
      return;
    }
    // Celery's worker ends with an IndexError where it is the only candidate it knows of: this one will do nothing.
    this.#host.log.warning(
      `election '${id}': ${first!.hostname} stood alone, which Celery's worker does not survive; the others go on`,
    );
    election.candidates.length = 0;
    election.standing.clear();
    election.answers = 0;
  }

  /** Now and then. */
  forgetOld(): void {
    const before = this.#host.timer.monotonic() - FORGET_MS;
    for (const [id, election] of this.#open) if (election.sinceMs < before) this.#drop(id, election);
  }

  clear(): void {
    for (const [id, election] of this.#open) this.#drop(id, election);
  }

  #election(id: string): Election {
    let election = this.#open.get(id);
    if (!election) {
      election = {
        candidates: [],
        standing: new Set(),
        answers: null,
        pendingAcks: 0,
        patience: null,
        sinceMs: this.#host.timer.monotonic(),
      };
      this.#open.set(id, election);
    }
    return election;
  }

  #allStand({ standing }: Election): boolean {
    return [this.#host.hostname, ...this.#host.alive()].every((hostname) => standing.has(hostname));
  }

  #answer(id: string, election: Election): void {
    election.patience?.cancel();
    election.patience = null;
    for (; election.pendingAcks > 0; election.pendingAcks--) this.#host.send('worker-elect-ack', { id });
  }

  #settle(id: string, election: Election): void {
    const host = this.#host;
    this.#answer(id, election);
    this.#open.delete(id);
    const leader = election.candidates.reduce((best, one) => (isBefore(one, best) ? one : best));
    const mine = leader.id === host.id;
    host.log.info(mine ? `I won the election '${id}'` : `node ${leader.id} elected for '${id}'`);
    if (mine) host.won(leader.topic, leader.action);
  }

  #drop(id: string, election: Election): void {
    election.patience?.cancel();
    this.#open.delete(id);
  }
}

function idOf({ id }: CeleryEvent): string | null {
  return typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint' ? String(id) : null;
}

function isBefore(a: Candidate, b: Candidate): boolean {
  return a.clock === b.clock ? a.id < b.id : a.clock < b.clock;
}
