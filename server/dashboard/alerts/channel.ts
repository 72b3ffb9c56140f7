// What a channel is: one way to tell people; and what they are told.
// Not here: the ways (webhook.ts, slack.ts, mail.ts), when and how often (sender.ts).
import type { NoticeEvent, Severity, WebhookBody } from '../../../shared/wire/alerts.ts';
import type { Attempt } from './post.ts';

/** As the body of a webhook has it. Others say the same in their own form. */
export type Notice = WebhookBody;

export interface Channel {
  readonly name: string;
  readonly type: 'webhook' | 'slack' | 'mail';
  /** Where it goes, without what is secret of it. */
  readonly to: string;
  readonly severity: Severity;
  /** @unit seconds */
  readonly remind: number | null;
  /** One attempt. Never rejects. */
  send(notice: Notice, signal: AbortSignal): Promise<Attempt>;
}

export const EVENT_WORDS: Readonly<Record<NoticeEvent, string>> = {
  begun: 'Alert',
  ended: 'Over',
  reminder: 'Still',
  test: 'Test',
};

/** When it was found, for people: a notice may come late. '2026-01-02 03:04:05 UTC' */
export const timeOf = ({ at }: Notice): string =>
  `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** Named in a line; the rest is counted. */
const NAMED = 3;

/** 'Over: celery@img-4 is offline (a worker is offline)' */
export function lineOf(
  event: NoticeEvent,
  rule: string | null,
  subjects: readonly { name: string; detail: string }[],
  count: number,
): string {
  const named = subjects.slice(0, NAMED).map(({ name, detail }) => `${name} ${detail}`);
  if (count > named.length) named.push(`${count - named.length} more`);
  return `${EVENT_WORDS[event]}: ${named.join('; ')}${rule === null ? '' : ` (${rule})`}`;
}
