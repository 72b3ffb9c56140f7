// Settings of the worker.
// Celery 5.6: app/defaults.py
import { LOG_FORMAT, TASK_LOG_FORMAT } from '../../log-format.ts';
import { any, bool, float, int, SECONDS, string } from '../../setting.ts';

export const WORKER = {
  worker_agent: string(null, 'CELERYD_AGENT', 'Agent started beside the consumer. Not used here.'),
  worker_autoscaler: string(
    'celery.worker.autoscale:Autoscaler',
    'CELERYD_AUTOSCALER',
    "What scales the pool with --autoscale. Celery's name means ours.",
  ),
  worker_cancel_long_running_tasks_on_connection_loss: bool(
    false,
    'CELERYD_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS',
    'Stop late-acknowledged tasks when the broker is lost, as they will be delivered again.',
  ),
  worker_child_concurrency: int(
    1,
    '',
    'prefork and threads: how many tasks run at a time in each child. More than 1 is for tasks that await: when a child is lost, all that ' +
      'run in it are.',
    { source: 'Umbel' },
  ),
  worker_concurrency: int(
    null,
    'CELERYD_CONCURRENCY',
    'How many tasks run at a time, or children (prefork, threads). 0: as many as cores. None: 100 (async), 1 (solo), as many as cores (prefork, threads).',
  ),
  worker_consumer: string(
    'celery.worker.consumer:Consumer',
    'CELERYD_CONSUMER',
    "What consumes. Celery's name means ours.",
  ),
  worker_deduplicate_successful_tasks: bool(
    false,
    'CELERYD_DEDUPLICATE_SUCCESSFUL_TASKS',
    'A redelivered late-acknowledged task that has already succeeded is not run again.',
  ),
  worker_detect_quorum_queues: bool(
    true,
    'CELERYD_DETECT_QUORUM_QUEUES',
    'Look for quorum queues, which need per-consumer prefetch and delayed delivery by the broker.',
  ),
  worker_direct: bool(
    false,
    'CELERY_WORKER_DIRECT',
    'Each worker also consumes a queue of its own, `<name>.dq2`: see `workerDirect`.',
  ),
  worker_disable_prefetch: bool(
    false,
    'CELERYD_DISABLE_PREFETCH',
    'Take a message only when a place in the pool is free. RabbitMQ gives one more.',
  ),
  worker_disable_rate_limits: bool(false, 'CELERY_DISABLE_RATE_LIMITS', 'Ignore all rate limits.'),
  worker_enable_prefetch_count_reduction: bool(
    true,
    'CELERYD_ENABLE_PREFETCH_COUNT_REDUCTION',
    'After a lost connection take fewer messages until the tasks still running are done.',
  ),
  worker_enable_remote_control: bool(true, 'CELERY_ENABLE_REMOTE_CONTROL', 'Answer remote commands.'),
  worker_enable_soft_shutdown_on_idle: bool(
    false,
    'CELERYD_ENABLE_SOFT_SHUTDOWN_ON_IDLE',
    'Wait the soft shutdown time even when no task runs.',
  ),
  worker_eta_task_limit: int(
    null,
    'CELERYD_ETA_TASK_LIMIT',
    'At most so many messages are held for an ETA or countdown. None: no limit.',
    { unit: 'messages' },
  ),
  worker_delivery_limit: int(
    null,
    '',
    'A task message that came back so many times because the worker that held it died is set aside: rejected, and stored as failed with ' +
      'WorkerLostError. What was fetched and had not begun counts too: 3 or more is a good number. None: no limit, as in Celery. Counted ' +
      'by the file broker, by Umbel workers on Redis, and by quorum queues of RabbitMQ (x-delivery-count).',
    { unit: 'deliveries', source: 'Umbel' },
  ),
  worker_hijack_root_logger: bool(
    true,
    'CELERYD_HIJACK_ROOT_LOGGER',
    'Celery replaces the handlers of Python logging; accepted, nothing to do here.',
  ),
  worker_log_color: bool(
    null,
    'CELERYD_LOG_COLOR',
    'Colours in the log. None: when it goes to a terminal. --no-color goes before it.',
  ),
  worker_log_secrets: bool(
    false,
    '',
    'Results, exceptions, tracebacks and refused messages in the log as they are. Without it what stands under names such as password or token is ********.',
    { source: 'Umbel' },
  ),
  worker_log_format: string(
    LOG_FORMAT,
    'CELERYD_LOG_FORMAT',
    "Format of log lines, in Python's notation; 'json': one JSON object a line (then those of tasks are, too, unless they have a format of their own).",
  ),
  worker_lost_wait: float(
    10,
    'CELERYD_WORKER_LOST_WAIT',
    'How long a lost pool process may still deliver its result.',
    SECONDS,
  ),
  worker_max_memory_per_child: int(
    null,
    'CELERYD_MAX_MEMORY_PER_CHILD',
    'A child of the pool that uses more after a task is replaced: of a process its resident memory counts, of a thread its heap.',
    { unit: 'KiB' },
  ),
  worker_max_tasks_per_child: int(
    null,
    'CELERYD_MAX_TASKS_PER_CHILD',
    'A child of the pool is replaced after so many tasks.',
    { unit: 'tasks' },
  ),
  worker_pool: string(
    'async',
    'CELERYD_POOL',
    'Where tasks run: async (many awaits in one process), solo (one at a time), prefork (child processes), threads, or a module of your own.',
    { differs: "Celery's default is prefork. A JavaScript task mostly waits, and one process runs many of them." },
  ),
  worker_pool_putlocks: bool(
    true,
    'CELERYD_POOL_PUTLOCKS',
    'Celery keeps from overfilling the pool with locks; accepted, ours cannot overfill.',
  ),
  worker_pool_restarts: bool(false, 'CELERYD_POOL_RESTARTS', 'Allow the remote command pool_restart.'),
  worker_prefetch_multiplier: int(
    4,
    'CELERYD_PREFETCH_MULTIPLIER',
    'How many messages to hold for each place in the pool. 0: as many as there are.',
    { unit: 'messages' },
  ),
  worker_proc_alive_timeout: float(
    60,
    'CELERYD_PROC_ALIVE_TIMEOUT',
    'How long a new child of the pool may take until it has loaded the app. One that is late is killed and started again.',
    { ...SECONDS, differs: "Celery's default is 4: its children are copies of the worker, ours load the app anew." },
  ),
  worker_redirect_stdouts: bool(
    true,
    'CELERY_REDIRECT_STDOUTS',
    "What tasks print (console.log, process.stdout) goes to the log, with the task's name and id. In `umbel worker` and in children of a pool.",
  ),
  worker_redirect_stdouts_level: string('WARNING', 'CELERY_REDIRECT_STDOUTS_LEVEL', 'Level of such lines.'),
  worker_send_task_events: bool(
    false,
    'CELERY_SEND_EVENTS',
    'Send task events from the start (-E), for dashboards. They can also be switched on remotely.',
  ),
  worker_soft_shutdown_timeout: float(
    0,
    'CELERYD_SOFT_SHUTDOWN_TIMEOUT',
    'How long a cold shutdown first waits for running tasks.',
    SECONDS,
  ),
  worker_state_db: string(null, 'CELERYD_STATE_DB', 'File that keeps revoked task ids over restarts.'),
  worker_task_log_format: string(
    TASK_LOG_FORMAT,
    'CELERYD_TASK_LOG_FORMAT',
    "Format of lines logged by tasks, in Python's notation, or 'json'.",
  ),
  worker_timer: any<string | null>(null, 'CELERYD_TIMER', 'Class of the ETA timer. Accepted; ours is used.'),
  worker_timer_precision: float(
    1,
    'CELERYD_TIMER_PRECISION',
    'Longest wait of the ETA timer between two looks. Accepted; ours wakes exactly.',
    SECONDS,
  ),
} as const;
