// One event as a worker or a client sent it: its common fields, and reading the wire's value (one object or an array of them).
// Not here: what events make of a task or a worker (task-record.ts, worker-record.ts); fetching them (server/events/receiver.ts).
// Holds: fields we do not know are kept as they came; a thing without a string `type` is no event.
// Celery 5.6: events/event.py, events/receiver.py

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

/**
 * The events in one decoded message body: an object, or an array of them (`task.multi`). What is no event is counted, not thrown.
 */
export function readEvents(body: unknown): { events: CeleryEvent[]; malformed: number } {
  if (Array.isArray(body)) {
    for (let i = 0; i < body.length; i++) {
      if (!isEvent(body[i])) {
        const events = body.filter(isEvent);
        return { events, malformed: body.length - events.length };
      }
    }
    return { events: body as CeleryEvent[], malformed: 0 };
  }
  return isEvent(body) ? { events: [body], malformed: 0 } : { events: [], malformed: 1 };
}

function isEvent(value: unknown): value is CeleryEvent {
  if (typeof value !== 'object' || value === null) return false;
  const event = value as CeleryEvent;
  if (typeof event.type !== 'string') return false;
  return event.type.startsWith('task-') ? typeof event.uuid === 'string' : true;
}
