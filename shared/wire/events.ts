// The stream /api/v2/events (Server-Sent Events): what is asked of it, and what its lines hold.
// A line without a name is one event as its worker or client sent it, with `name` and `queue` where only earlier events of its task told
// them, and the `state` it makes. `gap`: events are missing here. `bye`: the server ends the stream, and says why.
// Every line has an id; so have the signs of life between them. Sent back as Last-Event-ID, it goes on after that.
import { type Static, Type } from 'typebox';
import type { Precision } from './count.ts';
import { Str } from './schema.ts';

export const EventsQuery = Type.Object({
  /** The query language of shared/query, of the task the event is of. Of a worker's events only `worker:` is known. */
  q: Type.Optional(Str),
  /** States that the event makes, comma separated: FAILURE,RETRY. Events of workers make none. */
  state: Type.Optional(Str),
  /** Types of events, comma separated, with * and ?: task-failed,worker-*. Default: all. */
  type: Type.Optional(Type.String({ maxLength: 1000 })),
});
export type EventsQuery = Static<typeof EventsQuery>;

/** `data` of an `event: gap`. */
export interface StreamGap {
  /**
   * forgotten: older than what the server remembers, or of a server that ran before it. slow: this reader was too slow.
   * not-heard: the dashboard itself did not hear them, its broker being away for instance.
   */
  reason: 'forgotten' | 'slow' | 'not-heard';
  /** Of all kinds, whatever was asked for. null: nobody can tell. */
  events: number | null;
  events_is: Precision;
  /** not-heard: from when to when. @unit seconds since the epoch */
  since?: number;
  until?: number;
}

/** `data` of an `event: bye`. */
export interface StreamBye {
  reason: string;
}
