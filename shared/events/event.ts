// One event as a worker or a client sent it: its common fields.
// Not here: checking what came over the wire (edge.ts); what events make of a task or a worker (task-record.ts, worker-record.ts);
// fetching them (server/events/receiver.ts).
// Celery 5.6: events/event.py, events/receiver.py

/** Only `EventEdge` makes these of what came from outside, also by a message or a result record: within, every known field has its type. */
export interface CeleryEvent {
  /** 'task-received', 'worker-heartbeat' ... any 'group-subject'. */
  type: string;
  hostname?: string;
  /** When it happened, by the sender's clock. @unit seconds since the epoch */
  timestamp?: number;
  /** Whole hours west of UTC, floored. */
  utcoffset?: number;
  pid?: number;
  /** The sender's Lamport clock. */
  clock?: number;
  /** When we got it. @unit seconds since the epoch */
  local_received?: number;
  /** task-*: which task. */
  uuid?: string;
  [field: string]: unknown;
}

/** A client's clock hears nobody, so a task-sent gets the receiver's clock and this. Celery 5.6: events/receiver.py */
export const CLIENT_CLOCK_SKEW = -1;
