// Every option of Flower's by its name: by flag in both spellings, by both variables and by a config file it comes to the same; what has
// no place here is answered by name. Which goes before which, and what is said of names that are none.
// The other options of ours: the same table. What each does: test/dashboard/options.test.ts and those it names.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigFile, readConfigFile } from '../../../server/cli/config-file.ts';
import { addDashboardFlags } from '../../../server/cli/dashboard-flags.ts';
import { dashboardOptionsOf } from '../../../server/cli/dashboard-options.ts';
import { CliError } from '../../../server/cli/output.ts';
import { dashed } from '../../../server/cli/program.ts';
import { IMPOSSIBLE_OPTIONS, REPLACED_OPTIONS } from '../../../server/dashboard/options/flower.ts';
import { DASHBOARD_OPTIONS, resolveOptions } from '../../../server/dashboard/options.ts';

/** Each as Flower takes it on a command line, and what it is here then. */
const FLOWERS: Readonly<Record<string, readonly [text: string, value: unknown]>> = {
  port: ['5556', 5556],
  address: ['127.0.0.1', '127.0.0.1'],
  inspect_timeout: ['2500.0', 2500],
  basic_auth: ['ann:secret', 'ann:secret'],
  max_workers: ['100', 100],
  max_tasks: ['20_000', 20_000],
  db: ['flower.db', 'flower.db'],
  broker_api: ['http://guest:guest@localhost:15672/api/', 'http://guest:guest@localhost:15672/api/'],
  purge_offline_workers: ['60', 60],
  enable_events: ['False', false],
  url_prefix: ['/flower/', '/flower/'],
  task_runtime_metric_buckets: ['0.5,1,5,inf', [0.5, 1, 5, Number.POSITIVE_INFINITY]],
  read_only: ['True', true],
  natural_time: ['False', false],
  auto_refresh: ['False', false],
  tasks_columns: ['name,uuid,state,runtime', ['name', 'uuid', 'state', 'runtime']],
  unix_socket: ['/run/umbel.sock', '/run/umbel.sock'],
  certfile: ['cert.pem', 'cert.pem'],
  keyfile: ['key.pem', 'key.pem'],
  ca_certs: ['ca.pem', 'ca.pem'],
  xheaders: ['True', true],
  debug: ['True', true],
  logging: ['debug', 'debug'],
  log_file_prefix: ['umbel.log', 'umbel.log'],
  cookie_secret: ['a-long-secret', 'a-long-secret'],
  auth_provider: ['flower.views.auth.GithubLoginHandler', 'flower.views.auth.GithubLoginHandler'],
  auth: ['.*@example.com|ann@example.org', '.*@example.com|ann@example.org'],
  oauth2_key: ['an-id', 'an-id'],
  oauth2_secret: ['a-secret', 'a-secret'],
  oauth2_redirect_uri: ['https://dash.example.com/login', 'https://dash.example.com/login'],
  oauth2_okta_base_url: ['https://example.okta.com/oauth2', 'https://example.okta.com/oauth2'],
  github_oauth_domain: ['git.example.com', 'git.example.com'],
  gitlab_oauth_domain: ['git.example.com', 'git.example.com'],
  gitlab_auth_allowed_groups: ['shop/platform, other', ['shop/platform', 'other']],
  gitlab_min_access_level: ['30', 30],
};

/** Those that the reference has beside them: taken without effect, or refused. */
const ANSWERED = {
  replaced: [...['persistent', 'state_save_interval', 'unauthenticated_api', 'log_to_stderr']],
  impossible: ['format_task'],
};

/** Those of ours that Flower has not. */
const OURS: typeof FLOWERS = {
  broker: ['redis://a;redis://b', 'redis://a;redis://b'],
  result_backend: ['redis://a/1', 'redis://a/1'],
  settings: ['{"event_exchange": "x"}', { event_exchange: 'x' }],
  name: ['shop', 'shop'],
  clusters: ['orders=redis://a/0', 'orders=redis://a/0'],
  schedule: ['beat.db', 'beat.db'],
  inspect_interval: ['5', 5],
  queue_interval: ['0.5', 0.5],
  stalled_after: ['60', 60],
  basic_auth_file: ['users.txt', 'users.txt'],
  trusted_origins: ['https://a.example.com,http://b', ['https://a.example.com', 'http://b']],
  trusted_proxies: ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  frame_ancestors: ['https://wiki.example.com', ['https://wiki.example.com']],
  proxy_user_header: ['X-Forwarded-User', 'X-Forwarded-User'],
  proxy_groups_header: ['X-Forwarded-Groups', 'X-Forwarded-Groups'],
  session_idle: ['3600', 3600],
  session_max: ['86400', 86_400],
  trace_url: ['https://t.example.com/{trace_id}', 'https://t.example.com/{trace_id}'],
  session_recheck: ['600', 600],
  oidc_issuer: ['https://id.example.com', 'https://id.example.com'],
  oidc_name: ['Shop ID', 'Shop ID'],
  oidc_scope: ['openid email', 'openid email'],
  oidc_user_claim: ['sub', 'sub'],
  oidc_groups_claim: ['roles', 'roles'],
  trust_server: ['yes', true],
  allowed_hosts: ['a, b', ['a', 'b']],
  adopt_history: ['1', true],
  standby: ['1', true],
  user_data: ['mine.db', 'mine.db'],
  retention_age: ['86400', 86_400],
  retention_tasks: ['1000', 1000],
  access_rules: ['rules.json', 'rules.json'],
  alerts: ['alerts.json', 'alerts.json'],
  retention_size: ['50_000_000', 50_000_000],
  retention_states: ['SUCCESS=86400,FAILURE=forever', ['SUCCESS=86400', 'FAILURE=forever']],
  redact: ['iban|tax_id,card', ['iban|tax_id', 'card']],
  mask_secrets: ['off', false],
  max_metrics_size: ['1e6', 1e6],
  otlp_metrics: ['http://collector:4318', 'http://collector:4318'],
  otlp_headers: ['api-key=secret', 'api-key=secret'],
  otlp_interval: ['30', 30],
  token_recheck: ['604800', 604_800],
  unix_socket_mode: ['0660', '0660'],
};

/** They are read at once, and are not there. */
const FILES = new Set(['basic_auth_file', 'access_rules', 'alerts']);

/** What they need beside them. */
const GITHUB = {
  ...{ auth_provider: 'github', oauth2_key: 'an-id', oauth2_secret: 'a-secret', auth: 'ann@example.com' },
  oauth2_redirect_uri: 'https://dash.example.com/login',
};
const BESIDE: Readonly<Record<string, object>> = {
  proxy_user_header: { trusted_proxies: '10.0.0.1' },
  unix_socket_mode: { unix_socket: '/run/umbel.sock' },
  auth_provider: GITHUB,
  auth: GITHUB,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-options-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the command reads them. */
function flagsOf(words: readonly string[]): Record<string, unknown> {
  const command = new Command('dashboard').exitOverride().configureOutput({ writeErr: () => {} });
  addDashboardFlags(command);
  return command.parse(words.map(dashed), { from: 'user' }).opts();
}
const byFlags = (...words: string[]) => dashboardOptionsOf({ flags: flagsOf(words), env: {} });
const byEnvironment = (env: NodeJS.ProcessEnv) => dashboardOptionsOf({ flags: {}, env });

async function byFile(name: string, text: string) {
  const config = await fileOf(name, text);
  return dashboardOptionsOf({ flags: {}, env: {}, config });
}
async function fileOf(name: string, text: string): Promise<ConfigFile> {
  writeFileSync(join(folder, name), text);
  return (await readConfigFile(name, folder))!;
}
const python = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (one === Number.POSITIVE_INFINITY ? '\0inf' : one))
    .replace('"\\u0000inf"', 'inf')
    .replace(/\b(true|false)\b/g, (word) => word[0]!.toUpperCase() + word.slice(1));

const refusal = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
    return [(error as CliError).message, (error as CliError).hint].filter(Boolean).join('\n');
  }
  return 'not refused';
};

describe('by its name', () => {
  it('the tables here have every option there is', () => {
    expect(Object.keys({ ...FLOWERS, ...OURS }).sort()).toEqual(DASHBOARD_OPTIONS.map((row) => row.name).sort());
    expect(REPLACED_OPTIONS.map((row) => row.name)).toEqual(expect.arrayContaining(ANSWERED.replaced));
    expect(IMPOSSIBLE_OPTIONS.map((row) => row.name).sort()).toEqual([...ANSWERED.impossible].sort());
  });

  it.each(Object.entries({ ...FLOWERS, ...OURS }))('%s', async (name, [text, value]) => {
    const row = DASHBOARD_OPTIONS.find((one) => one.name === name)!;
    if (!row.flagless) {
      expect(byFlags(`--${name}=${text}`).options, 'underscores').toEqual({ [name]: value });
      expect(byFlags(`--${name.replaceAll('_', '-')}`, text).options, 'dashes').toEqual({ [name]: value });
    }
    expect(byEnvironment({ [`FLOWER_${name.toUpperCase()}`]: text }).options).toEqual({ [name]: value });
    expect(byEnvironment({ [`UMBEL_${name.toUpperCase()}`]: text }).options).toEqual({ [name]: value });
    const read = { options: { [name]: value }, notes: [] };
    expect(await byFile('flowerconfig.py', `# Flower\n${name} = ${python(value)}\n`)).toEqual(read);
    expect(await byFile('text.py', `${name} = ${JSON.stringify(text)}\n`), 'as a text').toEqual(read);
    if (JSON.stringify(value) !== JSON.stringify([0.5, 1, 5, null]))
      expect(await byFile('umbel.config.json', JSON.stringify({ [name]: value }))).toEqual(read);
    const given = { ...BESIDE[name], ...read.options, ...(FILES.has(name) ? { [name]: null } : {}) };
    expect(() => resolveOptions(given)).not.toThrow();
  });

  it('a switch is said alone, with a value, or by its opposite', () => {
    for (const words of [['--read-only'], ['--read_only=1'], ['--read-only', 'yes'], ['--read_only=True']])
      expect(byFlags(...words).options, words.join(' ')).toEqual({ read_only: true });
    for (const words of [['--no-read-only'], ['--read_only=False'], ['--no_read_only']])
      expect(byFlags(...words).options, words.join(' ')).toEqual({ read_only: false });
    expect(byFlags('--no-enable-events').options).toEqual({ enable_events: false });
    expect(byFlags('--enable_events=True').options).toEqual({ enable_events: true });
    expect(() => byFlags('--read_only=maybe')).toThrow(/--read-only.*must be true or false, not "maybe"/);
  });

  it.each(ANSWERED.replaced.concat('log_file_max_size', 'log_rotate_when'))(
    '%s is taken, and what is in its place is said once',
    async (name) => {
      const { instead } = REPLACED_OPTIONS.find((row) => row.name === name)!;
      const text = name === 'state_save_interval' ? '60000' : 'True';
      for (const said of [
        byFlags(`--${name}=${text}`),
        byEnvironment({ [`FLOWER_${name.toUpperCase()}`]: text }),
        await byFile('flowerconfig.py', `${name} = ${text}`),
      ])
        expect(said).toEqual({ options: {}, notes: [expect.stringMatching(/ has no effect here: /)] });
      expect(byFlags(`--${name}=${text}`).notes[0]).toContain(instead);
      expect(() => resolveOptions({ [name]: true } as object)).toThrow(new RegExp(`The option ${name} is Flower's`));
    },
  );

  it.each(ANSWERED.impossible)(
    '%s is refused wherever it stands, with a reason, and its value is not shown',
    async (name) => {
      const { why } = IMPOSSIBLE_OPTIONS.find((row) => row.name === name)!;
      for (const [place, said] of [
        [`--${name.replaceAll('_', '-')}`, () => byFlags(`--${name}=s3cret`)],
        [`FLOWER_${name.toUpperCase()}`, () => byEnvironment({ [`FLOWER_${name.toUpperCase()}`]: 's3cret' })],
        ['flowerconfig.py, line 2', () => byFile('flowerconfig.py', `\n${name} = "s3cret"`)],
      ] as const) {
        const text = await refusal(said);
        expect(text).toContain(place);
        expect(text).toContain(why);
        expect(text).not.toContain('s3cret');
      }
      // As docker-compose hands on a variable that is not set.
      expect(byEnvironment({ [`FLOWER_${name.toUpperCase()}`]: '' }).options).toEqual({});
    },
  );
});

describe('which goes before which', () => {
  it('flag, config file, UMBEL_, FLOWER_, default', () => {
    const flags = flagsOf(['--port=1']);
    const config = { name: 'umbel.config.json', options: { port: 2, max_tasks: 2 }, places: {} };
    const env = {
      UMBEL_PORT: '3',
      UMBEL_MAX_TASKS: '3',
      UMBEL_MAX_WORKERS: '3',
      FLOWER_MAX_WORKERS: '4',
      FLOWER_DB: '4',
    };
    expect(dashboardOptionsOf({ flags, config, env }).options).toEqual({
      port: 1,
      max_tasks: 2,
      max_workers: 3,
      db: '4',
    });
    expect(resolveOptions({}).port).toBe(5555);
  });

  it('users are named once each on the command line, and a list in a file', async () => {
    expect(byFlags('--basic_auth=ann:a,b', '--basic-auth', 'bob:c').options.basic_auth).toEqual(['ann:a,b', 'bob:c']);
    const { options } = await byFile('flowerconfig.py', "basic_auth = ['ann:a', 'bob:c']");
    expect(options.basic_auth).toEqual(['ann:a', 'bob:c']);
    // A password that was meant to be there and is not must not open the door.
    expect(byEnvironment({ FLOWER_BASIC_AUTH: '' }).options).toEqual({ basic_auth: '' });
  });
});

describe('names and values that are none', () => {
  it('a flag: with the nearest right one', () => {
    expect(() => flagsOf(['--url-prefx=x'])).toThrow(/unknown option '--url-prefx=x'|unknown option '--url-prefx'/);
    expect(() => flagsOf(['--url-prefx=x'])).toThrow(/Did you mean --url-prefix\?/);
  });

  it('a variable: told, with the nearest; those that Kubernetes makes of a service are no options', () => {
    expect(byEnvironment({ FLOWER_BASIC_AUHT: 'a:b', FLOWER_UNHEARD_OF: '1' })).toEqual({
      options: {},
      notes: [
        'FLOWER_BASIC_AUHT names no option and has no effect; did you mean FLOWER_BASIC_AUTH?',
        'FLOWER_UNHEARD_OF names no option and has no effect',
      ],
    });
    const made = {
      FLOWER_SERVICE_HOST: '10.0.0.1',
      FLOWER_SERVICE_PORT_HTTP: '5555',
      FLOWER_PORT_5555_TCP_ADDR: '10.0.0.1',
      FLOWER_PORT_5555_TCP: 'tcp://10.0.0.1:5555',
      FLOWER_PORT: 'tcp://10.0.0.1:5555',
    };
    expect(byEnvironment(made)).toEqual({
      options: {},
      notes: [expect.stringMatching(/^FLOWER_PORT is tcp:.*Kubernetes/)],
    });
    expect(byEnvironment({ UMBEL_SUPERVISED: '1', UMBEL_HEAP_SNAPSHOTS: 'x' }).notes).toEqual([]);
  });

  it('a variable that is no number, no switch: by the name of the variable', async () => {
    expect(await refusal(() => byEnvironment({ FLOWER_MAX_TASKS: 'many' }))).toBe(
      'FLOWER_MAX_TASKS must be a number, not "many"',
    );
    expect(await refusal(() => byEnvironment({ UMBEL_READ_ONLY: 'perhaps' }))).toBe(
      'UMBEL_READ_ONLY must be true or false, not "perhaps"',
    );
  });

  it('a key of a file: with its line, and the nearest', async () => {
    expect(await refusal(() => byFile('flowerconfig.py', 'port = 1\n\nmax_task = 5'))).toBe(
      "flowerconfig.py, line 3: the dashboard has no option 'max_task'\ndid you mean 'max_tasks'?",
    );
    expect(await refusal(() => byFile('umbel.config.json', '{"prot": 1}'))).toBe(
      "umbel.config.json: the dashboard has no option 'prot'\ndid you mean 'port'?",
    );
  });
});

describe('a config file', () => {
  it('that is named and not there is refused; else the first of the usual names is read, or none', async () => {
    expect(await refusal(() => readConfigFile('nowhere.py', folder))).toMatch(
      /^there is no config file nowhere\.py\n--conf takes/,
    );
    const empty = mkdtempSync(join(folder, 'empty-'));
    expect(await readConfigFile(null, empty)).toBeNull();
    writeFileSync(join(empty, 'flowerconfig.py'), 'port = 1');
    expect((await readConfigFile(null, empty))?.options).toEqual({ port: 1 });
    writeFileSync(join(empty, 'umbel.config.json'), '{"port": 2}');
    expect((await readConfigFile(null, empty))?.options).toEqual({ port: 2 });
  });

  it('in TypeScript and JavaScript is code with a default export', async () => {
    const port =
      'const base: number = 5000;\nexport default { port: base + 600, task_runtime_metric_buckets: [1, Infinity] };';
    expect((await byFile('umbel.config.ts', port)).options.port).toBe(5600);
    expect((await byFile('umbel.config.mjs', 'export default { port: 7 }')).options).toEqual({ port: 7 });
    expect((await byFile('umbel.config.cjs', 'module.exports = { port: 8 }')).options).toEqual({ port: 8 });
    expect(await refusal(() => byFile('broken.mjs', 'export default {'))).toMatch(/broken\.mjs could not be loaded/);
    expect(await refusal(() => byFile('five.mjs', 'export default 5'))).toMatch(
      /five\.mjs must give an object of options/,
    );
    expect(await refusal(() => byFile('broken.json', '{"port": '))).toMatch(/cannot read the config file broken\.json/);
  });

  it('of Flower is read as far as it is literals, and nothing of it is run', async () => {
    const text = `"""Our Flower.

Two lines."""
from os import environ
import logging; port = 0x15B3
basic_auth = [
    'ann:it''s',   # two texts side by side
    "bob:\\"q\\"",
]
address: str = r'127.0.0.1' ; db = u"flo" \\
   'wer'
persistent = True
max_tasks = 10_000
broker_api = '''http://u:p@h:15672/api/'''
purge_offline_workers = None
task_runtime_metric_buckets = (0.5, 1.0, 5)
`;
    const { options, notes } = await byFile('flowerconfig.py', text);
    expect(options).toEqual({
      port: 5555,
      basic_auth: ['ann:its', 'bob:"q"'],
      address: '127.0.0.1',
      db: 'flower',
      max_tasks: 10_000,
      broker_api: 'http://u:p@h:15672/api/',
      task_runtime_metric_buckets: [0.5, 1, 5],
    });
    expect(notes).toEqual([
      'persistent (flowerconfig.py, line 12) has no effect here: the history is always kept, in the file that db names',
    ]);
  });

  it.each([
    ["import os\n\nport = int(os.environ['PORT'])", 3, /what port is set to is no literal/],
    ["basic_auth = [\n  'ann:s3cret',\n  f'bob:{x}',\n]", 1, /what basic_auth is set to is no literal/],
    ["# x\nbroker_api = 's3cret' + HOST", 2, /no literal/],
    ['port = 5555\nif debug:\n    port = 1', 2, /not of the form name = literal/],
    ['port = 1\n  db = "x"', 2, /not of the form/],
    ['port += 1', 1, /not of the form/],
    ['db = "never ends', 1, /no literal/],
    ['\n\ndef format_task(task):\n    return task', 3, /format_task cannot be taken: .*redact/],
    ['def other():\n    pass', 1, /other is code of Python/],
  ])('what is no literal is refused by its line, and no value is shown: %j', async (text, line, message) => {
    const said = await refusal(() => byFile('flowerconfig.py', text));
    expect(said).toMatch(message);
    expect(said).toContain(`flowerconfig.py, line ${line}: `);
    expect(said).not.toContain('s3cret');
  });
});
