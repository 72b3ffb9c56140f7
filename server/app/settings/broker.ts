// Settings of the connection to the broker.
// Celery 5.6: app/defaults.py
import { any, bool, type Dict, dict, float, int, SECONDS, string } from '../../setting.ts';

export const BROKER = {
  broker_url: any<string | readonly string[] | null>(
    null,
    'BROKER_URL',
    'Address of the broker, or several to fail over between (a list, or one text with semicolons). The variable CELERY_BROKER_URL goes before it.',
    {
      differs:
        'Without any broker configured, the embedded one in .umbel/broker.db under the current folder is used. Celery would try RabbitMQ on localhost.',
    },
  ),
  broker_read_url: any<string | readonly string[] | null>(
    null,
    'BROKER_READ_URL',
    'Another address for consuming. Variable CELERY_BROKER_READ_URL.',
  ),
  broker_write_url: any<string | readonly string[] | null>(
    null,
    'BROKER_WRITE_URL',
    'Another address for publishing. Variable CELERY_BROKER_WRITE_URL.',
  ),
  broker_transport: string(null, 'BROKER_TRANSPORT', 'Scheme of an address given in parts (`broker_host` ...).'),
  broker_host: string(null, 'BROKER_HOST', 'Host of an address given in parts, or a whole address.'),
  broker_port: int(null, 'BROKER_PORT', 'Port of an address given in parts.'),
  broker_user: string(null, 'BROKER_USER', 'User of an address given in parts.'),
  broker_password: string(null, 'BROKER_PASSWORD', 'Password of an address given in parts.'),
  broker_vhost: string(null, 'BROKER_VHOST', 'Virtual host, or database number, of an address given in parts.'),
  broker_transport_options: dict<Dict>(
    {},
    'BROKER_TRANSPORT_OPTIONS',
    'Options of the transport, such as visibility_timeout: docs/guides/redis.md has those of Redis.',
  ),
  broker_use_ssl: any<boolean | Dict>(
    false,
    'BROKER_USE_SSL',
    'Encrypt the connection: true, or ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile (RabbitMQ: the same without ssl_).',
    {
      differs:
        'true also encrypts redis://, which Celery then leaves as it is; and a certificate that is checked has to name the host, unless ssl_check_hostname is false.',
    },
  ),
  broker_login_method: string(null, 'BROKER_LOGIN_METHOD', 'AMQP login: AMQPLAIN, PLAIN or EXTERNAL.'),
  broker_connection_timeout: float(
    4,
    'BROKER_CONNECTION_TIMEOUT',
    'How long one attempt to connect may take.',
    SECONDS,
  ),
  broker_connection_retry: bool(
    true,
    'BROKER_CONNECTION_RETRY',
    'Connect again when an established connection is lost.',
  ),
  broker_connection_retry_on_startup: bool(
    null,
    'BROKER_CONNECTION_RETRY_ON_STARTUP',
    'Try again when the first connection fails. None: as `broker_connection_retry`.',
  ),
  broker_connection_max_retries: int(
    100 as number | null,
    'BROKER_CONNECTION_MAX_RETRIES',
    'Give up after so many attempts. None or 0: never.',
  ),
  broker_channel_error_retry: bool(
    false,
    'BROKER_CHANNEL_ERROR_RETRY',
    'Also connect again after errors of a channel, as when a queue was declared differently.',
    { differs: 'it is about the start. A worker that has worked tries again in any case.' },
  ),
  broker_failover_strategy: any<string | ((urls: readonly string[]) => Iterable<string>) | null>(
    null,
    'BROKER_FAILOVER_STRATEGY',
    'Order in which several addresses are tried: round-robin (the default), shuffle, or a function of the addresses that gives them without end, the first of them first.',
  ),
  broker_heartbeat: int(
    120,
    'BROKER_HEARTBEAT',
    'AMQP heartbeat asked for. 0: none. Redis has none: there the transport option health_check_interval does its work.',
    SECONDS,
  ),
  broker_heartbeat_checkrate: float(
    3,
    'BROKER_HEARTBEAT_CHECKRATE',
    'How many times in one heartbeat interval the connection is looked at.',
  ),
  broker_pool_limit: int(
    10 as number | null,
    'BROKER_POOL_LIMIT',
    'Connections kept open for publishing. One process needs one; a number above it is accepted and has no effect.',
  ),
  broker_native_delayed_delivery_queue_type: string(
    'quorum',
    'BROKER_NATIVE_DELAYED_DELIVERY_QUEUE_TYPE',
    'Queue type of the delay queues on RabbitMQ: quorum or classic.',
  ),
} as const;
