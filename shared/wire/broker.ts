// The broker on the wire: what it says of itself, and settings of it that lose or double work.
import { type Static, Type } from 'typebox';
import { Int, NInt, NNum, NStr, Nullable, Num, Str } from './schema.ts';

export const HARMS = ['loses', 'doubles', 'refuses', 'fills'] as const;

export const BrokerFinding = Type.Object({
  id: Str,
  /** loses: work is lost. doubles: work is done twice. refuses: messages or clients are refused, soon or now. fills: room is taken for nothing. */
  harm: Type.Union([Type.Literal('loses'), Type.Literal('doubles'), Type.Literal('refuses'), Type.Literal('fills')]),
  title: Str,
  /** What was measured, with its figures. */
  evidence: Str,
  /** What follows of it. */
  danger: Str,
  /** What to write, line by line; empty: there is no one setting. */
  remedy: Type.Array(Str),
});
export type BrokerFinding = Static<typeof BrokerFinding>;

/**
 * data: what is in keys or queues. tables: what finds it. clients: their buffers. replicas: theirs, and what is kept for them. log: what is
 * to be written to it. server: itself.
 */
const MemoryPart = Type.Union([
  Type.Literal('data'),
  Type.Literal('tables'),
  Type.Literal('clients'),
  Type.Literal('replicas'),
  Type.Literal('log'),
  Type.Literal('server'),
]);

export const BrokerReply = Type.Object({
  /** Its address, without secrets. */
  url: Str,
  /** When this was asked. */
  at: Num,
  /** null: it answers; else why not, and all below is unknown. */
  failure: NStr,
  /** null: this broker says nothing of itself to its clients (RabbitMQ without `broker_api`). */
  product: NStr,
  version: NStr,
  /** @unit seconds */
  uptime: NNum,
  /** @unit milliseconds */
  latency_ms: NNum,
  /** `most` null: not known; 0: no limit. @unit bytes */
  memory: Type.Object({ used: NNum, most: NNum }),
  /** By kind, together `used`; empty: it does not tell them apart. @unit bytes */
  memory_parts: Type.Array(Type.Object({ part: MemoryPart, bytes: Num })),
  /** What an embedded broker keeps messages in; null: it is none. @unit bytes */
  file_bytes: NNum,
  clients: Type.Object({ connected: NInt, most: NInt }),
  /** By the names they give, most first; `of` them were looked at. null: it does not say, or there are too many to be listed. */
  named_clients: Nullable(
    Type.Object({
      of: Int,
      groups: Type.Array(
        Type.Object({
          name: NStr,
          /** The library it says it uses. */
          software: NStr,
          count: Int,
          /** Waiting for messages in a command that blocks. */
          blocked: Int,
        }),
      ),
    }),
  ),
  /** What it measures of commands, or of messages sent. null: it does not say. */
  traffic: Nullable(
    Type.Object({ of: Type.Union([Type.Literal('commands'), Type.Literal('messages')]), per_second: Num }),
  ),
  /** Ready, and taken and not acknowledged; null: not known. */
  messages: Type.Object({ ready: NInt, unacked: NInt }),
  /** The last hour by the minute, the running one last; null: not measured. */
  hour: Type.Object({
    memory: Type.Array(NNum),
    clients: Type.Array(NInt),
    traffic: Type.Array(NNum),
    ready: Type.Array(NInt),
    unacked: Type.Array(NInt),
  }),
  /** In the broker's own words; null: it does not say. */
  facts: Type.Record(Str, Nullable(Type.Union([Str, Num]))),
  /** Worst first. */
  findings: Type.Array(BrokerFinding),
  /** Rules that were looked at. */
  rules: Int,
  /** Versions of the workers' software, each with how many run it. */
  workers: Type.Array(Type.Object({ ident: Str, version: Str, count: Int })),
});
export type BrokerReply = Static<typeof BrokerReply>;
