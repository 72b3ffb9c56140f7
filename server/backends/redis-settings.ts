// The settings of the Redis result store, as rows of the settings table (app/settings/stores.ts puts them there).
// Reading them: redis-client.ts.
// Celery 5.6: app/defaults.py, the namespace redis
import { any, bool, type Dict, float, int, SECONDS, type Settings, string } from '../setting.ts';

export const REDIS_STORE_SETTINGS = {
  redis_backend_credential_provider: any<unknown>(
    null,
    '',
    'Redis: a class of Python that gives user and password. It is refused: give `redis_username` and `redis_password`.',
  ),
  redis_backend_health_check_interval: float(
    null,
    '',
    'Redis: ask so often whether the connection to the result store still answers. 0: never.',
    { ...SECONDS, differs: 'None means every 10 seconds here, as for the broker; Celery then never asks.' },
  ),
  redis_backend_use_ssl: any<boolean | Dict | null>(
    null,
    'CELERY_REDIS_BACKEND_USE_SSL',
    'Redis: encrypt the connection to the result store (rediss://): true, or ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile.',
  ),
  redis_client_name: string(
    null,
    '',
    'Redis: what CLIENT LIST of the server calls the connections to the result store.',
  ),
  redis_db: int(
    null,
    'CELERY_REDIS_DB',
    "Redis: database number, when result_backend is 'redis' or a socket without one. Any other URL without a number means 0.",
  ),
  redis_host: string(null, 'CELERY_REDIS_HOST', 'Redis: host, where the URL names none. None: this machine.'),
  redis_max_connections: int(
    null,
    'CELERY_REDIS_MAX_CONNECTIONS',
    'Redis: connections to the result store. It uses two at most: one for commands, one that listens.',
  ),
  redis_password: string(null, 'CELERY_REDIS_PASSWORD', 'Redis: password, where the URL has none.'),
  redis_port: int(null, 'CELERY_REDIS_PORT', 'Redis: port, where the URL names none. None: 6379.'),
  redis_retry_on_timeout: bool(
    false,
    'CELERY_REDIS_RETRY_ON_TIMEOUT',
    'Redis: try again after a timeout. Here what had no answer is always asked again, as `retry_policy` says.',
  ),
  redis_socket_connect_timeout: float(
    null,
    'CELERY_REDIS_SOCKET_CONNECT_TIMEOUT',
    'Redis: one attempt to connect to the result store. None: 10.',
    SECONDS,
  ),
  redis_socket_keepalive: bool(false, 'CELERY_REDIS_SOCKET_KEEPALIVE', 'Redis: TCP keep-alive.', {
    differs: 'It is on unless this is set to false.',
  }),
  redis_socket_timeout: float(
    120 as number | null,
    'CELERY_REDIS_SOCKET_TIMEOUT',
    'Redis: a result store that does not answer a health check for so long is connected to anew.',
    { ...SECONDS, differs: 'When it is not set, 15 seconds.' },
  ),
  redis_username: string(null, 'CELERY_REDIS_USERNAME', 'Redis: user, where the URL has none.'),
} as const;

/** What was given of them; what was not is the store's to say. */
export type RedisStoreSettings = Partial<Settings<typeof REDIS_STORE_SETTINGS>>;
