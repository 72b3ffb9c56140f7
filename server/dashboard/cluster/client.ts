// The client that a dashboard is: an app of the cluster's own settings, without tasks of its own, and what differs in it on purpose.
// What is done with it: link.ts. A setting that nobody knows is refused here, by name, as in every app.
import { Celery } from '../../app/celery.ts';
import type { SettingsInput } from '../../app/config.ts';
import type { Logger } from '../../log.ts';
import { isPickle } from '../../serialization/pickle/mark.ts';
import type { Timer } from '../../timer.ts';
import type { Resolved } from '../options.ts';
import { readPickle } from './pickled.ts';
import { readableStore } from './result-store.ts';

/** What a dashboard does otherwise than a worker; whoever sets one of them has it. */
const SETTINGS: SettingsInput = {
  // Celery's five seconds lose events whenever a flood outruns the reader for so long.
  event_queue_ttl: 60,
};

const TRANSPORT_OPTIONS = {
  // What is shown is to be of now: a line that falls silent is noticed within 15 s, not within 50 s as in a worker.
  health_check_interval: 5,
  socket_timeout: 10,
};

/** A page that asks for a result hears within a second that the store is away, and why; Celery tries for twenty. */
const RESULT_OPTIONS = { retry_policy: { max_retries: 2, interval_start: 0, interval_step: 0.3, interval_max: 0.3 } };

/** Short steps: the pages are served meanwhile, and must be live again within seconds. */
const RETRY = { enabled: true, maxRetries: null, intervalStartMs: 250, intervalStepMs: 500, intervalMaxMs: 3000 };

/** @throws ImproperlyConfigured for a setting that is unknown, or cannot be */
export function dashboardClient(options: Resolved, timer: Timer, log: Logger): Celery {
  const { broker, settings } = options;
  const given = settings as SettingsInput;
  const app: Celery = new Celery(
    'umbel.dashboard',
    {
      ...SETTINGS,
      ...given,
      broker_transport_options: { ...TRANSPORT_OPTIONS, ...given.broker_transport_options },
      broker_url: broker,
      broker_read_url: null,
      broker_write_url: null,
      result_backend: readableStore(options) ?? 'disabled://',
      result_backend_transport_options: { ...RESULT_OPTIONS, ...given.result_backend_transport_options },
      // A store that is away is said to be, at once.
      result_backend_always_retry: false,
    },
    {
      env: {},
      timer,
      log,
      connection: { retry: RETRY, log: log.child('broker') },
      backend: {
        log: log.child('results'),
        // Numbers are shown as they were written: 1.0 is not 1. A pickle is shown as data.
        decode: (body, contentType, contentEncoding) =>
          isPickle(body)
            ? readPickle(body)
            : app.codec.decodeExact(body, contentType, contentEncoding, resultAccept(app)),
      },
    },
  );
  // Its workers made them, by settings of their own.
  app.producer().usesQueuesAsTheyAre = true;
  return app;
}

function resultAccept({ conf, codec }: Celery): ReadonlySet<string> {
  return codec.acceptSet([...(conf.result_accept_content ?? conf.accept_content), conf.result_serializer]);
}
