// A notice as a message of Slack, by an incoming webhook. Mattermost and Rocket.Chat take the same.
// Not here: the request (post.ts). The address is the secret of it: its origin alone is shown.
import { type Channel, EVENT_WORDS, type Notice, timeOf } from './channel.ts';
import type { ResolvedChannel } from './config.ts';
import { postJson } from './post.ts';

/** Slack's three characters, so that a name is no link and no mention. */
const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const MARKS = {
  begun: ':rotating_light:',
  reminder: ':rotating_light:',
  ended: ':white_check_mark:',
  test: ':bell:',
} as const;

export function slackText(notice: Notice): string {
  const { event, rule, subjects, count, cluster, url, text } = notice;
  const mark = MARKS[event];
  if (rule === null) return `${mark} ${escaped(text)}`;
  const lines = subjects.map((one) => {
    const name = one.url === null ? escaped(one.name) : `<${one.url}|${escaped(one.name.replace(/\|/g, '/'))}>`;
    return `• ${name} ${escaped(one.detail)}`;
  });
  if (count > subjects.length) lines.push(`• ${count - subjects.length} more`);
  const where = url === null ? escaped(cluster) : `<${url}|${escaped(cluster.replace(/\|/g, '/'))}>`;
  return [
    `${mark} *${EVENT_WORDS[event]}: ${escaped(rule.name)}* (${rule.severity}, ${where}, ${timeOf(notice)})`,
    ...lines,
  ].join('\n');
}

export function slack(config: ResolvedChannel & { type: 'slack' }): Channel {
  const { name, severity, remind, url, allowPrivate } = config;
  return {
    ...{ name, type: 'slack', to: new URL(url).origin, severity, remind },
    send: (notice, signal) =>
      postJson({ url, body: JSON.stringify({ text: slackText(notice) }), headers: {}, allowPrivate, signal }),
  };
}
