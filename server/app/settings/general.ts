// Settings without a prefix of their own, and those of beat, events, remote control and signed messages.
// Celery 5.6: app/defaults.py
import { any, bool, type Dict, dict, float, int, list, SECONDS, string } from '../../setting.ts';

/** One entry of `beat_schedule`; beat/ reads it. */
export interface BeatEntry {
  readonly task: string;
  /** Seconds, or a schedule object (crontab ...). */
  readonly schedule: unknown;
  readonly args?: readonly unknown[];
  readonly kwargs?: Dict;
  readonly options?: Dict;
  readonly relative?: boolean;
  readonly enabled?: boolean;
  readonly one_off?: boolean;
  readonly timezone?: string;
  readonly start_time?: Date;
}

/** A name of its own: declarations then say it as TypeScript before 5.7 can read it. */
export type KeyPassword = string | Uint8Array | null;

export const GENERAL = {
  accept_content: list<readonly string[]>(
    ['json'],
    '',
    'Serializers, or content types, that messages may use. Others are refused unread.',
    {
      old: ['CELERY_ACCEPT_CONTENT', 'CELERY_CONTENT'],
      differs: 'CELERY_ACCEPT_CONTENT, the name of Celery 3, is read, too.',
    },
  ),
  decompressed_size_limit: int(
    null,
    '',
    'How large a compressed body may become; a larger one is refused, and its message dropped with a critical line in the log. None: 8 MiB and twenty times its compressed size, 256 MiB at most.',
    { unit: 'bytes', source: 'Umbel' },
  ),
  enable_utc: bool(true, 'ENABLE_UTC', 'Write instants in UTC. Off: in the local or configured timezone.'),
  timezone: string(
    null,
    'CELERY_TIMEZONE',
    'Zone for crontab schedules, such as Europe/Prague. None: UTC, or local time without `enable_utc`.',
  ),
  imports: list<readonly string[]>([], 'CELERY_IMPORTS', 'Modules a worker imports when it starts.', {
    also: ['string'],
  }),
  include: list<readonly string[]>(
    [],
    'CELERY_INCLUDE',
    'Further modules to import, after `imports`; what the app was given as `include`.',
    { also: ['string'] },
  ),

  beat_at_most_once: bool(
    false,
    '',
    'A run is written down before it is sent, so that a beat that is killed between the two leaves it out; otherwise it is sent once more.',
    { source: 'Umbel' },
  ),
  beat_cron_starting_deadline: int(
    null,
    'CELERYBEAT_CRON_STARTING_DEADLINE',
    'A crontab run missed by more than this is skipped instead of made up for. None: always made up for, once.',
    SECONDS,
  ),
  beat_max_loop_interval: float(
    0,
    'CELERYBEAT_MAX_LOOP_INTERVAL',
    'Longest sleep of beat between two looks at the schedule. 0: as the scheduler says (300).',
    SECONDS,
  ),
  beat_schedule: dict<Readonly<Record<string, BeatEntry>>>(
    {},
    'CELERYBEAT_SCHEDULE',
    'What beat sends and when: name -> { task, schedule, args, kwargs, options }.',
  ),
  beat_schedule_filename: string(
    'celerybeat-schedule',
    'CELERYBEAT_SCHEDULE_FILENAME',
    'Where beat keeps its entries and when each last ran: a path, or a URL: memory://, redis://, django-db+postgresql:// and the like.',
  ),
  beat_scheduler: string(
    'celery.beat:PersistentScheduler',
    'CELERYBEAT_SCHEDULER',
    "Which scheduler beat uses. Celery's name means ours of the same purpose.",
  ),
  beat_sync_every: int(
    0,
    'CELERYBEAT_SYNC_EVERY',
    'Write the schedule file after so many sent tasks. 0: by time only (3 minutes).',
    { unit: 'tasks' },
  ),

  event_exchange: string('celeryev', 'CELERY_EVENT_EXCHANGE', 'Exchange that events are published to.'),
  event_queue_durable: bool(false, 'CELERY_EVENT_QUEUE_DURABLE', 'Event queues survive a restart of the broker.'),
  event_queue_exclusive: bool(
    false,
    'CELERY_EVENT_QUEUE_EXCLUSIVE',
    'Event queues belong to one connection. Cannot be combined with `event_queue_durable`.',
  ),
  event_queue_expires: float(
    60,
    'CELERY_EVENT_QUEUE_EXPIRES',
    'An event queue nobody reads is deleted after this.',
    SECONDS,
  ),
  event_queue_prefix: string('celeryev', 'CELERY_EVENT_QUEUE_PREFIX', 'First part of the names of event queues.'),
  event_queue_ttl: float(5, 'CELERY_EVENT_QUEUE_TTL', 'An event not read within this is dropped.', SECONDS),
  event_serializer: string('json', 'CELERY_EVENT_SERIALIZER', 'Serializer of events.'),

  control_exchange: string('celery', 'CONTROL_EXCHANGE', 'First part of the exchange names of remote control.'),
  control_queue_durable: bool(false, 'CONTROL_QUEUE_DURABLE', 'Control queues survive a restart of the broker.'),
  control_queue_exclusive: bool(
    false,
    'CONTROL_QUEUE_EXCLUSIVE',
    'Control queues belong to one connection. Cannot be combined with `control_queue_durable`.',
  ),
  control_queue_expires: float(10, 'CONTROL_QUEUE_EXPIRES', 'An unused control queue is deleted after this.', SECONDS),
  control_queue_ttl: float(300, 'CONTROL_QUEUE_TTL', 'A remote command not read within this is dropped.', SECONDS),

  security_cert_store: string(
    null,
    'CELERY_SECURITY_CERT_STORE',
    'Folder or pattern (`*`, `?`, `[...]`) of the certificates to trust, PEM. One that has expired keeps the app from starting.',
  ),
  security_certificate: string(
    null,
    'CELERY_SECURITY_CERTIFICATE',
    'File of the certificate of `security_key`, PEM; messages name it.',
  ),
  security_digest: string(
    'sha256',
    'CELERY_SECURITY_DIGEST',
    'Digest of message signatures (sha256, sha384, sha512 ...), the same on both sides.',
  ),
  security_key: string(
    null,
    'CELERY_SECURITY_KEY',
    'File of the RSA key that signs messages, PEM. Takes effect with app.setupSecurity().',
  ),
  security_key_password: any<KeyPassword>(null, 'CELERY_SECURITY_KEY_PASSWORD', 'Password of that private key.'),
} as const;
