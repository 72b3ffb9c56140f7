// Queues on the wire: rows, and one queue with a look at its next messages.
import { type Static, Type } from 'typebox';
import { Bool, Int, NInt, NNum, NStr, Nullable, Num, Str } from './schema.ts';
import { Range, SeriesReply } from './series.ts';

export const QueueRow = Type.Object({
  name: Str,
  /** Ready messages; null: this broker could not be asked. */
  messages: NInt,
  by_priority: Type.Record(Str, Int),
  unacked: NInt,
  /** Workers that consume it, by their own word. */
  workers: Type.Array(Str),
  consumers: NInt,
  /** When the head was published. */
  oldest: NNum,
  /** Net change of depth per minute over the last five minutes. */
  per_min: NNum,
  /** Finished per minute over the last five minutes; null: unknown, as where workers of several queues do not say from which each came. */
  out_per_min: NNum,
  /** @unit seconds until empty at the present rate; null: never, or nothing waits. */
  drain: NNum,
  growing: Bool,
  /** Depth, last 60 minutes, one value a minute; null where not measured. */
  depth: Type.Array(NInt),
  probed: NNum,
  /** Somebody paused it here, and did not resume it. null or not there: nobody did. */
  paused: Type.Optional(
    Nullable(
      Type.Object({
        at: Num,
        who: Str,
        /** Those that stopped consuming it then. */
        workers: Type.Array(Str),
      }),
    ),
  ),
  /** By RabbitMQ's management API; not there: the dashboard was not given one. */
  managed: Type.Optional(
    Nullable(
      Type.Object({
        /** Messages that came and were acknowledged, by the broker's own count over its last seconds. */
        in_per_min: NNum,
        out_per_min: NNum,
        /** @unit bytes */
        memory: NInt,
        /** Nothing has happened in it since. @unit seconds since the epoch */
        idle_since: NNum,
      }),
    ),
  ),
});
export type QueueRow = Static<typeof QueueRow>;

export const PeekedMessage = Type.Object({
  position: Int,
  uuid: NStr,
  name: NStr,
  args: NStr,
  kwargs: NStr,
  priority: NInt,
  published: NNum,
  eta: NStr,
  retries: NInt,
  redelivered: Bool,
  size: Int,
  /** Why its body was not read: not JSON, or too large when decompressed. Not there: it was. */
  unread: Type.Optional(Str),
  /** Of the trace that its headers say it is in. Not there: none. */
  trace_id: Type.Optional(Str),
});
export type PeekedMessage = Static<typeof PeekedMessage>;

export const QueueDetail = Type.Intersect([
  QueueRow,
  Type.Object({
    /** null: this broker shows nothing without taking it, or was silent. */
    peek: Nullable(Type.Array(PeekedMessage)),
    /** The operation 'peek' shows what waits, by taking it and giving it back. */
    peeks_by_taking: Type.Optional(Bool),
    series: SeriesReply,
  }),
]);
export type QueueDetail = Static<typeof QueueDetail>;

export const QueueQuery = Type.Object({ range: Type.Optional(Range) });
export type QueueQuery = Static<typeof QueueQuery>;

export const QueuesReply = Type.Object({ items: Type.Array(QueueRow) });
export type QueuesReply = Static<typeof QueuesReply>;
