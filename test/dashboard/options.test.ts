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
  clusters: [[], 5, {}, '[{', ['redis://h'], [{ name: 'A', broker: 'redis://h' }]],
  port: [-1, 65_536, 1.5, '5555', Number.NaN],
  address: [5, null],
  unix_socket: [5, true],
  unix_socket_mode: [660, '0999', '66', 'rw', '0660'],
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
  session_recheck: [0, '5', null],
  token_recheck: [0, '5'],
  auth_provider: ['facebook', 'myapp.auth.Handler', 5, 'github'],
  auth: ['', '.*', 'ann', 5, ['ann@example.com'], 'ann@example.com'],
  oauth2_key: ['', 5],
  oauth2_secret: ['', 5],
  oauth2_redirect_uri: ['dash.example.com/login', 'ftp://dash.example.com/login', 5],
  oauth2_okta_base_url: ['http://example.okta.com', 'example.okta.com', 5],
  github_oauth_domain: ['https://github.com', 'a/b', '', 5],
  gitlab_oauth_domain: ['https://gitlab.com', 'a b', '', 5],
  gitlab_auth_allowed_groups: [5, [5]],
  gitlab_min_access_level: [35, '30', null],
  oidc_issuer: ['http://id.example.com', 'id.example.com', 5],
  oidc_name: ['', 5],
  oidc_scope: ['', 'email', 5],
  oidc_user_claim: ['', 'a b', 5],
  oidc_groups_claim: ['', 'a b', 5],
  trust_server: ['yes', 1, null],
  allowed_hosts: [5, [5]],
  access_rules: ['/no/such/file', [], {}, 5, [{ who: 'a', role: 'god' }], '[{}]'],
  alerts: ['/no/such/file', '{', [], 5, { channels: [{}] }, { rules: [{ kind: 'x' }] }],
  read_only: ['no', 0, null],
  db: [5, null],
  adopt_history: ['true', null],
  standby: ['true', null],
  user_data: [5, true],
  schedule: [5, '', 'memory://'],
  otlp_metrics: ['collector:4318', 'grpc://collector', 'http://a:b@collector', 5],
  otlp_headers: ['secret', 'a b=c', 'a=%zz', 5],
  otlp_interval: [0, '60', null],
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

it('a provider has to be whole, and says who may come in', () => {
  const whole = {
    ...{ auth_provider: 'github', oauth2_key: 'id', oauth2_secret: 's3cret', auth: '.*@example.com' },
    oauth2_redirect_uri: 'https://dash.example.com/login',
  };
  expect(resolveOptions(whole)).toMatchObject({ auth_provider: 'github', auth: ['.*@example.com'] });
  expect(JSON.stringify(resolveOptions(whole))).not.toContain('s3cret');
  const refusals: readonly (readonly [options: DashboardOptions, reason: RegExp])[] = [
    [{ oauth2_key: null }, /oauth2_key is missing: auth_provider=github needs it/],
    [{ oauth2_secret: null }, /oauth2_secret is missing/],
    [{ oauth2_redirect_uri: null }, /oauth2_redirect_uri is missing/],
    [{ auth_provider: null }, /auth_provider is missing: auth needs it/],
    [{ auth: null }, /Everybody can have an account at github: say who may come in, by auth .* or access_rules/],
    [{ auth: '' }, /auth takes e-mail addresses/],
    [{ auth: '.*@.*' }, /auth takes e-mail addresses/],
    [{ auth: '(ann|bob)@example.com' }, /auth takes e-mail addresses/],
    [{ auth_provider: 'myapp.auth.Handler' }, /auth_provider takes google, github, gitlab, okta, oidc, or the name of/],
    [{ auth_provider: 'oidc' }, /oidc_issuer is missing/],
    [{ auth_provider: 'okta' }, /oauth2_okta_base_url is missing/],
    [{ oidc_issuer: 'http://id.example.com' }, /oidc_issuer takes an address with https/],
    [{ github_oauth_domain: 'http://git.example.com' }, /github_oauth_domain takes a domain/],
    [{ gitlab_min_access_level: 35 }, /gitlab_min_access_level/],
    [{ url_prefix: '/ops' }, /oauth2_redirect_uri must lead to \/ops\/login/],
    [{ oauth2_redirect_uri: 'https://dash.example.com/' }, /oauth2_redirect_uri must lead to \/login/],
  ];
  for (const [options, reason] of refusals) expect(() => resolveOptions({ ...whole, ...options })).toThrow(reason);
  // An issuer of one's own lets in whom it lets in.
  expect(
    resolveOptions({ ...whole, auth: null, auth_provider: 'oidc', oidc_issuer: 'https://id.example.com' }).auth,
  ).toBe(null);
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
