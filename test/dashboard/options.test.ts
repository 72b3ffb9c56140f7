// What the options of a dashboard may be: each odd value is refused by the option's name, and secrets are not shown by a refusal.
import { expect, it } from 'vitest';
import { DASHBOARD_OPTIONS, type DashboardOptions, resolveOptions } from '../../server/dashboard/options.ts';
import { readTls } from '../../server/dashboard/tls.ts';

/** What none of them is, and what some are. */
const ODD: Record<string, readonly unknown[]> = {
  broker: [5, [], [5], null, 'reddis://localhost', 'localhost:6379', ['redis://a', 'nope://b']],
  result_backend: [5, {}],
  broker_api: [5, '', 'localhost:15672', 'amqp://localhost'],
  settings: ['event_exchange=x', ['x'], null],
  name: [5, null],
  port: [-1, 65_536, 1.5, '5555', Number.NaN],
  address: [5, null],
  unix_socket: [5, true],
  certfile: [5, '/no/such/file'],
  keyfile: [5, '/no/such/file'],
  ca_certs: [5],
  xheaders: ['yes', 1],
  trusted_proxies: ['proxy.example.com', '10.0.0.0/33', '10.0.0.1/', '10.0.0.0/8/8', [5]],
  frame_ancestors: ['wiki.example.com', '*', "'none'", [5]],
  debug: ['yes', null],
  logging: ['loud', 5],
  log_file_prefix: [5],
  url_prefix: ['a b', '/x?y', 5],
  basic_auth: ['nobody', ':', ['a']],
  basic_auth_file: ['/no/such/file'],
  trusted_origins: ['dash.example.com', 'ftp://x', [5], 5],
  cookie_secret: ['short', 5],
  proxy_user_header: ['a b', 'Cookie', 'Authorization', 5, 'X-Forwarded-User'],
  proxy_groups_header: ['a:b', 5],
  session_idle: [0, '5', null],
  session_max: [-1, Number.NaN],
  trust_server: ['yes', 1, null],
  allowed_hosts: [5, [5]],
  access_rules: ['/no/such/file', [], {}, 5, [{ who: 'a', role: 'god' }], '[{}]'],
  read_only: ['no', 0, null],
  db: [5, null],
  adopt_history: ['true', null],
  user_data: [5, true],
  schedule: [5, '', 'memory://'],
  max_tasks: ['many', -1, Number.NaN],
  max_workers: ['5', -1],
  retention_age: ['30d', -1],
  retention_tasks: ['5', -1, Number.NaN],
  retention_size: ['1GB', 5, -1],
  retention_states: ['SUCCESS', 'SUCCESS=1d', 'success=5', [5], { FAILURE: 'ever' }, { FAILURE: -1 }, 5, null],
  enable_events: ['false', null],
  inspect_timeout: ['1s', -1],
  inspect_interval: [null, -1],
  queue_interval: ['2', -1],
  stalled_after: ['40', -1],
  purge_offline_workers: ['60', -1],
  redact: ['card', [5], ['(']],
  mask_secrets: ['no', null],
  max_metrics_size: ['2MB', -1],
  tasks_columns: [5, 'colour', []],
  natural_time: ['no', 0],
  auto_refresh: ['no', null],
  trace_url: [5, 'javascript:alert(1)//{trace_id}', 'https://jaeger.example.com/trace/', '{trace_id}'],
  task_runtime_metric_buckets: [5, ['1'], [2, 1], [Number.POSITIVE_INFINITY, 1]],
};

it('every option refuses what it cannot be, by its name', () => {
  expect(Object.keys(ODD).sort()).toEqual(DASHBOARD_OPTIONS.map((row) => row.name).sort());
  for (const [name, values] of Object.entries(ODD))
    for (const value of values)
      expect(() => readTls(resolveOptions({ [name]: value } as DashboardOptions)), `${name}: ${String(value)}`).toThrow(
        new RegExp(`\\b${name}\\b`),
      );
});

it('takes each as it is used', () => {
  expect(
    resolveOptions({
      broker: 'redis://a;redis://b',
      url_prefix: 'flower/',
      trusted_origins: 'https://A.example.com:8443/, http://b',
      allowed_hosts: ['Dash.Example.com'],
      retention_age: null,
      redact: ['card_?number'],
      task_runtime_metric_buckets: [0.1, 1, Number.POSITIVE_INFINITY],
    }),
  ).toMatchObject({
    broker: ['redis://a', 'redis://b'],
    url_prefix: '/flower',
    trusted_origins: ['https://a.example.com:8443', 'http://b'],
    allowed_hosts: ['dash.example.com'],
    retention_age: null,
    task_runtime_metric_buckets: [0.1, 1],
    port: 5555,
  });
});

it('shows no secret of what it refuses', () => {
  const refusal = (options: object) => {
    try {
      resolveOptions(options as DashboardOptions);
    } catch (error) {
      return String(error);
    }
    return 'not refused';
  };
  expect(refusal({ broker: [5, 'redis://:s3cret@h'] })).toMatch(/broker/);
  for (const options of [{ broker: [5, 'redis://:s3cret@h'] }, { settings: ['s3cret'] }, { basic_auth: 's3cret' }])
    expect(refusal(options)).not.toMatch(/s3cret/);
});
