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
  clients: Type.Object({ connected: NInt, most: NInt }),
  /** Ready, and taken and not acknowledged; null: not known. */
  messages: Type.Object({ ready: NInt, unacked: NInt }),
  /** The last hour by the minute, the running one last; null: not measured. */
  hour: Type.Object({
    memory: Type.Array(NNum),
    clients: Type.Array(NInt),
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
