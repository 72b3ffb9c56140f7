// A channel of the configuration as one that sends.
import type { Channel } from './channel.ts';
import type { ResolvedChannel } from './config.ts';
import { mail } from './mail.ts';
import { slack } from './slack.ts';
import { webhook } from './webhook.ts';

/** @param now seconds since the epoch */
export function openChannel(config: ResolvedChannel, now: () => number): Channel {
  if (config.type === 'webhook') return webhook(config, now);
  return config.type === 'slack' ? slack(config) : mail(config);
}
