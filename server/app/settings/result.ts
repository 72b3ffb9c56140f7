// Settings of results in general; those of one kind of store are in stores.ts.
// Celery 5.6: app/defaults.py
import { any, bool, type Dict, dict, float, int, SECONDS, string } from '../../setting.ts';

export const RESULT = {
  result_backend: string(
    null,
    'CELERY_RESULT_BACKEND',
    'Address of the result store. None: results are not kept. The variable CELERY_RESULT_BACKEND goes before it.',
    { differs: 'When no broker is configured either, results are kept in the file of the embedded broker.' },
  ),
  result_accept_content: any<readonly string[] | null>(
    null,
    'RESULT_ACCEPT_CONTENT',
    'Serializers stored results may use. None: as `accept_content`.',
  ),
  result_backend_always_retry: bool(
    false,
    'CELERY_RESULT_BACKEND_ALWAYS_RETRY',
    'When the result store is away, ask it again, beyond what its own `retry_policy` allows.',
  ),
  result_backend_base_sleep_between_retries_ms: int(
    10,
    'CELERY_RESULT_BACKEND_BASE_SLEEP_BETWEEN_RETRIES_MS',
    'Each wait of these retries is by chance, up to this doubled, twice doubled ...',
    { unit: 'milliseconds' },
  ),
  result_backend_max_retries: float(
    Number.POSITIVE_INFINITY,
    'CELERY_RESULT_BACKEND_MAX_RETRIES',
    'At most so many of these retries.',
  ),
  result_backend_max_sleep_between_retries_ms: int(
    10_000,
    'CELERY_RESULT_BACKEND_MAX_SLEEP_BETWEEN_RETRIES_MS',
    'Longest wait of these retries.',
    { unit: 'milliseconds' },
  ),
  result_backend_transport_options: dict<Dict>(
    {},
    'CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS',
    'Options of the result store. Redis: global_keyprefix, retry_policy, result_chord_ordered, master_name, sentinel_kwargs. ' +
      'Memcached: global_keyprefix, memcached_client. Stores that are asked again and again: polling_interval, in seconds (0.5).',
  ),
  result_backend_thread_safe: bool(
    false,
    '',
    'Share the client of the result store between threads. In Node every process has one.',
  ),
  result_cache_max: int(-1, 'CELERY_MAX_CACHED_RESULTS', 'How many results a client remembers. -1: none, 0: all.', {
    unit: 'results',
  }),
  result_chord_join_timeout: float(
    3,
    'CELERY_RESULT_CHORD_JOIN_TIMEOUT',
    'How long to wait when the results of a chord are gathered.',
    SECONDS,
  ),
  result_chord_retry_interval: float(
    1,
    'CELERY_RESULT_CHORD_RETRY_INTERVAL',
    'How often celery.chord_unlock looks, on stores that cannot count.',
    SECONDS,
  ),
  result_compression: string(null, 'CELERY_RESULT_COMPRESSION', 'Compression of results (rpc).'),
  result_exchange: string('celeryresults', 'CELERY_RESULT_EXCHANGE', 'Exchange of results sent as messages.'),
  result_exchange_type: string('direct', 'CELERY_RESULT_EXCHANGE_TYPE', 'Type of that exchange.'),
  result_expires: float(
    86_400 as number | null,
    'CELERY_TASK_RESULT_EXPIRES',
    'Results are deleted after this. None or 0: never.',
    SECONDS,
  ),
  result_extended: bool(
    false,
    'CELERY_RESULT_EXTENDED',
    'Store name, arguments, worker, retries and queue with each result.',
  ),
  result_persistent: bool(
    null,
    'CELERY_RESULT_PERSISTENT',
    'Results sent as messages (rpc) are written to the disk of the broker. None: they are not.',
  ),
  result_serializer: string('json', 'CELERY_RESULT_SERIALIZER', 'Serializer of results.'),
} as const;
