// A broker that takes no messages for now, as the log has it: said once, and once that it takes them again, however many connections to
// it publish: RabbitMQ tells each of them.
// py-amqp: connection.py on_blocked, on_unblocked
import type { Logger } from '../../log.ts';
import type { Client } from './client.ts';

/** The blocked connections to a broker, by its address, of those who write to one log. */
const blocked = new WeakMap<Logger, Map<string, Set<Client>>>();

export function tellWhenBlocked(client: Client, log: Logger): void {
  const { identity, safeUrl } = client.options;
  client.onBlocked((reason) => {
    const all = blockedOf(log, identity);
    if (reason === null) {
      if (all.delete(client) && all.size === 0) log.warning(`The broker at ${safeUrl} takes messages again.`);
      return;
    }
    if (all.size === 0)
      log.warning(
        `The broker at ${safeUrl} takes no messages for now (${reason}): what is published waits. ` +
          'It has too little memory or disk left.',
      );
    all.add(client);
    // Also one that ends meanwhile holds nobody up any more.
    void client.untilUnblocked().then(() => all.delete(client));
  });
}

function blockedOf(log: Logger, identity: string): Set<Client> {
  let brokers = blocked.get(log);
  if (!brokers) {
    brokers = new Map();
    blocked.set(log, brokers);
  }
  let all = brokers.get(identity);
  if (!all) {
    all = new Set();
    brokers.set(identity, all);
  }
  return all;
}
