// Listen anew after the broker closed a channel of one step alone (remote control, gossip): the others, and the tasks, go on.
// A lost connection is consumer.ts's, and so is the channel of the tasks.
// Holds: as patient as with a lost connection; ends when it listens, is not wanted any more, or the connection is gone.
import { toError } from '../../errors.ts';
import { backOff } from '../../messaging/connection.ts';
import type { ConsumerHost } from './consumer.ts';

export interface Relisten {
  /** As log lines begin: 'pidbox', 'gossip' */
  readonly step: string;
  readonly reason: Error;
  /** false: the step was stopped meanwhile. */
  readonly wanted: () => boolean;
  readonly listen: () => Promise<void>;
}

export async function relisten(
  { connection, log }: ConsumerHost,
  { step, reason, wanted, listen }: Relisten,
): Promise<void> {
  log.warning(`${step}: The broker closed the channel. Listening again... (${reason.message})`);
  for (let tries = 0; wanted() && connection.connected; tries++) {
    try {
      return await listen();
    } catch (error) {
      if (!wanted() || !connection.connected) return;
      log.error(`${step}: ${toError(error).message}`);
      await connection.pause(backOff(connection.options.retry, tries));
    }
  }
}
