// The settings table against Celery's own list, and what happens to settings that are wrong.
import { describe, expect, it } from 'vitest';
import { createConfig, EMBEDDED_BROKER_URL } from '../../../server/app/config.ts';
import { SETTING_NAMES, settingOf } from '../../../server/app/settings.ts';
import { settingsMarkdown } from '../../../server/app/settings-docs.ts';
import { ImproperlyConfigured } from '../../../server/errors.ts';
import golden from '../../golden/settings.json' with { type: 'json' };

const CASES = golden.cases as unknown as { name: string; type: string; default: unknown; old: string[] }[];
/** Names before Celery 4 that its own table derives and ours need not be asked about. */
const plain = (value: unknown) => (value === 'inf' ? Number.POSITIVE_INFINITY : value);

/** Read by Celery 5.6 and told of in its guide, but not in its table of defaults. */
const NO_EFFECT = [
  'redis_backend_credential_provider',
  'redis_backend_health_check_interval',
  'redis_client_name',
  'result_backend_thread_safe',
];

/** Of this package alone. */
const OURS = [
  ...['beat_at_most_once', 'decompressed_size_limit', 'worker_child_concurrency', 'worker_delivery_limit'],
  'worker_log_secrets',
];

describe('the table', () => {
  it('has exactly the settings of Celery 5.6', () => {
    expect([...SETTING_NAMES].sort()).toEqual([...CASES.map((c) => c.name), ...NO_EFFECT, ...OURS].sort());
  });
  it('has the defaults and old names of Celery, but where it says that it differs', () => {
    const differing = CASES.filter(({ name, default: theirs, old }) => {
      const ours = settingOf(name)!;
      const same = JSON.stringify(ours.default) === JSON.stringify(plain(theirs)) || ours.default === plain(theirs);
      return !same || JSON.stringify(ours.old) !== JSON.stringify(old);
    });
    expect(differing.map((c) => c.name)).toEqual(['accept_content', 'worker_pool', 'worker_proc_alive_timeout']);
    for (const { name } of differing) expect(settingOf(name)!.differs).toBeTruthy();
  });
  it('says of each what it means', () => {
    expect(SETTING_NAMES.filter((name) => settingOf(name)!.doc.length < 8)).toEqual([]);
  });
  it('prints as a page with one row each', () => {
    const page = settingsMarkdown();
    for (const name of SETTING_NAMES) expect(page.split(`| \`${name}\` |`)).toHaveLength(2);
  });
});

describe('a configuration', () => {
  it('is refused with an unknown setting, naming the nearest', () => {
    const near = (name: string) => () => createConfig({ [name]: true } as never);
    expect(near('task_ack_late')).toThrow("There is no setting 'task_ack_late'. Did you mean 'task_acks_late'?");
    expect(near('acks_late')).toThrow("'task_acks_late'");
    expect(near('CELERY_ACK_LATE')).toThrow("'task_acks_late'");
    expect(near('wholly_other_thing_entirely')).toThrow('docs/settings.md');
    expect(near('__proto__x')).toThrow(ImproperlyConfigured);
  });
  it.each([
    ['worker_concurrency', -1, /'worker_concurrency' must be at least 0, not -1/],
    ['worker_prefetch_multiplier', -1, /must be at least 0/],
    ['result_expires', -5, /must be at least 0/],
    ['task_time_limit', '10', "The setting 'task_time_limit' must be a number (seconds), not the text '10'."],
    ['task_acks_late', 1, "The setting 'task_acks_late' must be true or false, not 1."],
    ['worker_prefetch_multiplier', 1.5, 'must be a whole number'],
    ['beat_schedule', [], 'must be an object, not a list'],
    ['accept_content', {}, 'must be a list'],
    ['task_protocol', 3, "The setting 'task_protocol' is one of 1, 2, not 3."],
    ['timezone', 'Mars/Olympus', 'names no zone'],
    ['broker_url', 5, 'must be a URL'],
    ['task_acks_late', null, 'must be true or false'],
    ['broker_failover_strategy', 'random', 'round-robin, shuffle, or a function'],
    ['broker_use_ssl', 'yes', "'broker_use_ssl' is true, or an object of ssl_cert_reqs"],
  ])('is refused with %s = %j', (name, value, text) => {
    expect(() => createConfig({ [name]: value } as never)).toThrow(text);
    const config = createConfig();
    expect(() => Object.assign(config, { [name]: value })).toThrow(text);
  });
  it('an update with one bad setting changes nothing', () => {
    const config = createConfig();
    expect(() => config.update({ task_acks_late: true, task_time_limit: 'x' as never })).toThrow();
    expect(config.task_acks_late).toBe(false);
  });
  it('is refused with queues that are both durable and of one connection', () => {
    expect(() => createConfig({ control_queue_durable: true, control_queue_exclusive: true })).toThrow(
      'cannot both be true',
    );
    const config = createConfig({ event_queue_durable: true });
    expect(() => config.update({ event_queue_exclusive: true })).toThrow(
      "'event_queue_durable' and 'event_queue_exclusive'",
    );
    expect(config.event_queue_exclusive).toBe(false);
    config.update({ event_queue_exclusive: true, event_queue_durable: false });
  });
  it('takes old names, but not beside new ones', () => {
    const config = createConfig({ CELERY_ACKS_LATE: true } as never);
    expect([config.task_acks_late, ...config.oldNames()]).toEqual([true, ['CELERY_ACKS_LATE', 'task_acks_late']]);
    expect(createConfig({ task_acks_late: true }).oldNames().size).toBe(0);
    expect(() => createConfig({ CELERY_ACKS_LATE: true, task_time_limit: 1 } as never)).toThrow(
      'Write task_acks_late instead of CELERY_ACKS_LATE',
    );
  });
  it('the environment goes before everything', () => {
    const env = { CELERY_BROKER_URL: 'memory://env', CELERY_RESULT_BACKEND: 'memory://results' };
    const config = createConfig({ broker: 'memory://given' }, env);
    expect([config.broker_url, config.result_backend]).toEqual(['memory://env', 'memory://results']);
  });
  it('without a broker means the embedded one, with results in the same file', () => {
    const config = createConfig();
    expect([config.broker_url, config.result_backend]).toEqual([EMBEDDED_BROKER_URL, EMBEDDED_BROKER_URL]);
    expect(config.changes()).toEqual({});
  });
  it('with a broker and no store keeps no results', () => {
    const config = createConfig({ broker: 'memory://' });
    expect([config.result_backend, config.resultBackendUrl()]).toEqual([null, 'disabled']);
  });
  it('splits several broker addresses, and tells reading from writing', () => {
    const config = createConfig({ broker: 'memory://a;memory://b', broker_write_url: 'memory://w' });
    expect(config.brokerUrls('read')).toEqual(['memory://a', 'memory://b']);
    expect(config.brokerUrls('write')).toEqual(['memory://w']);
  });
  it('puts an address together from its parts', () => {
    const parts = {
      broker_transport: 'redis',
      broker_host: 'h',
      broker_port: 1,
      broker_user: 'u',
      broker_password: 'p/w',
    };
    expect(createConfig({ ...parts, broker_vhost: '2' }).broker_url).toBe('redis://u:p%2Fw@h:1/2');
  });
  it('shown to people hides secrets', () => {
    const shown = createConfig({
      broker: 'redis://u:hidden@h/0',
      result_backend: 'u:hidden@h:6379',
      redis_password: 'hidden',
      security_key: 'hidden',
      s3_access_key_id: 'hidden',
      task_default_routing_key: 'seen',
      broker_transport_options: { sentinel_kwargs: { password: 'hidden' } },
    }).masked();
    expect(JSON.stringify(shown)).not.toContain('hidden');
    expect(shown.task_default_routing_key).toBe('seen');
  });
});
