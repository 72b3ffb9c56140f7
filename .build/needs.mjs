// What the tests want from the machine beyond Node: one row each. test.mjs installs what is missing when it may, else says what it skips.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** `flag` is the variable the tests read; `tests` completes the sentence "skipped, for want of ...". `otherwise`: where there is no such package. */
export const NEEDS = [
  {
    name: 'chromium',
    package: 'chromium-headless-shell',
    otherwise: 'chromium',
    flag: 'UMBEL_HAS_CHROMIUM',
    tests: 'the end-to-end tests of the dashboard (test/e2e)',
    // As in test/e2e/support/chromium.ts.
    present: () =>
      ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].some((name) =>
        existsSync(`/usr/bin/${name}`),
      ),
  },
  {
    name: 'redis-server',
    package: 'redis-server',
    flag: 'UMBEL_HAS_REDIS',
    tests: 'the tests on a real Redis (test/server/transport/redis*, and others that name it)',
    present: () => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'rabbitmq-server',
    package: 'rabbitmq-server',
    flag: 'UMBEL_HAS_RABBITMQ',
    tests: 'the tests on a real RabbitMQ (test/server/transport/amqp*, and others that name it)',
    // As in test/support/rabbitmq-server.ts.
    present: () => existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server'),
  },
  {
    name: 'python3-celery',
    package: 'python3-celery',
    flag: 'UMBEL_HAS_CELERY',
    tests: 'the tests with real Python Celery on the other side',
    present: () => spawnSync('/usr/bin/python3', ['-c', 'import celery'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'python3-redis',
    package: 'python3-redis',
    flag: 'UMBEL_HAS_PYTHON_REDIS',
    tests: 'the tests with real Python Celery on Redis',
    present: () => spawnSync('/usr/bin/python3', ['-c', 'import redis'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'python3-msgpack',
    package: 'python3-msgpack',
    flag: 'UMBEL_HAS_PYTHON_MSGPACK',
    tests: 'the tests of serializers and signatures with real Python Celery (test/interop/serializers.test.ts)',
    present: () => spawnSync('/usr/bin/python3', ['-c', 'import msgpack'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'python3-yaml',
    package: 'python3-yaml',
    flag: 'UMBEL_HAS_PYTHON_YAML',
    tests: 'the tests of serializers and signatures with real Python Celery (test/interop/serializers.test.ts)',
    present: () => spawnSync('/usr/bin/python3', ['-c', 'import yaml'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'python3-cryptography',
    package: 'python3-cryptography',
    flag: 'UMBEL_HAS_PYTHON_CRYPTOGRAPHY',
    tests: 'the tests of serializers and signatures with real Python Celery (test/interop/serializers.test.ts)',
    present: () => spawnSync('/usr/bin/python3', ['-c', 'import cryptography'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'faketime',
    package: 'faketime',
    flag: 'UMBEL_HAS_FAKETIME',
    tests: 'the test of a worker whose wall clock is set (test/fault/clock-set.test.ts)',
    present: () => spawnSync('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketime.so.1'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'memcached',
    package: 'memcached',
    flag: 'UMBEL_HAS_MEMCACHED',
    tests: 'the result store in memcached (test/server/backends/memcached.test.ts)',
    present: () => spawnSync('memcached', ['-V'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'postgresql',
    package: 'postgresql',
    flag: 'UMBEL_HAS_POSTGRESQL',
    tests: 'the result stores on PostgreSQL (test/server/backends/{database,django}.test.ts)',
    // Debian keeps the versions apart.
    present: () => spawnSync('sh', ['-c', 'ls /usr/lib/postgresql/*/bin/initdb'], { stdio: 'ignore' }).status === 0,
  },
  {
    name: 'mariadb-server',
    package: 'mariadb-server',
    flag: 'UMBEL_HAS_MARIADB',
    tests: 'the result stores on MariaDB (test/server/backends/{database,django}.test.ts)',
    present: () => existsSync('/usr/sbin/mariadbd'),
  },
  ...[
    ['sqlalchemy', 'python3-sqlalchemy', "Python's side of the SQL stores"],
    ['psycopg2', 'python3-psycopg2', "Python's side of the stores on PostgreSQL"],
    ['MySQLdb', 'python3-mysqldb', "Python's side of the stores on MariaDB"],
    [
      'django_celery_results',
      'python3-django-celery-results',
      'the store django-db (test/server/backends/django.test.ts)',
    ],
    [
      'django_celery_beat',
      'python3-django-celery-beat',
      "beat in Django's tables beside DatabaseScheduler (test/server/schedules/django.test.ts)",
    ],
    ['pylibmc', 'python3-pylibmc', 'where pylibmc looks for a key (test/server/backends/memcached.test.ts)'],
    ['memcache', 'python3-memcache', 'where python-memcached looks for a key (test/server/backends/memcached.test.ts)'],
    ['pymemcache', 'python3-pymemcache', 'where pymemcache looks for a key (test/server/backends/memcached.test.ts)'],
  ].map(([module, name, tests]) => ({
    name,
    package: name,
    flag: `UMBEL_HAS_${module.toUpperCase()}`,
    tests,
    present: () =>
      spawnSync(
        '/usr/bin/python3',
        ['-c', `import importlib.util, sys; sys.exit(not importlib.util.find_spec('${module}'))`],
        {
          stdio: 'ignore',
        },
      ).status === 0,
  })),
  {
    name: 'nginx',
    package: 'nginx',
    flag: 'UMBEL_HAS_NGINX',
    tests: 'the dashboard behind nginx, as a new user would (test/new-user.test.ts)',
    // As in test/support/nginx.ts.
    present: () => existsSync('/usr/sbin/nginx'),
  },
  {
    name: 'promtool',
    package: 'prometheus',
    flag: 'UMBEL_HAS_PROMTOOL',
    tests: 'what Prometheus itself says of /metrics (test/dashboard/metrics.test.ts)',
    present: () => spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0,
  },
];

const mayInstall = () =>
  process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;

/** Debian asks it before a package's service is started. Tests start servers of their own; a service would only be in the way. */
const POLICY = '/usr/sbin/policy-rc.d';
const NO_SERVICES = '#!/bin/sh\n# For as long as the tests of umbel install what they need.\nexit 101\n';

/** @returns what `install` returns. A policy of the machine's own stays as it is. */
function withoutServices(install) {
  try {
    writeFileSync(POLICY, NO_SERVICES, { mode: 0o755, flag: 'wx' });
  } catch {
    // There is one.
  }
  try {
    return install();
  } finally {
    // Also one that an interrupted run left behind.
    if (existsSync(POLICY) && readFileSync(POLICY, 'utf8') === NO_SERVICES) rmSync(POLICY);
  }
}

/** Installs what is missing when run as root on Debian. @returns the rows still missing */
export function provide(say) {
  const missing = NEEDS.filter((need) => !need.present());
  const left = missing.length > 0 && mayInstall() ? withoutServices(() => install(missing, say)) : missing;
  if (left.length > 0) {
    say(`apt-get install ${left.map((need) => need.package).join(' ')}   # would allow what is skipped now:`);
    for (const need of left) say(`  skipped, for want of ${need.name}: ${need.tests}`);
  }
  return left;
}

function install(missing, say) {
  const packages = missing.map((need) => need.package);
  say(`installing ${packages.join(' ')} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const get = (...names) =>
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { env, encoding: 'utf8' });
  let result = get(...packages);
  if (result.status !== 0) {
    spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
    result = get(...packages);
  }
  if (result.status !== 0) {
    say(result.stderr.trim());
    // One that cannot be had keeps none of the others away.
    for (const need of missing) if (get(need.package).status !== 0 && need.otherwise) get(need.otherwise);
  }
  return NEEDS.filter((need) => !need.present());
}
