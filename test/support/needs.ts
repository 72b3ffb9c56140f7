// Tests that need something of the machine say it in their names; in CI (`CI=true`) what is missing is a failure, not a skip.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { oncePerProcess, runs } from './once-per-process.ts';

const PACKAGES = [
  ...['celery', 'redis', 'msgpack', 'yaml', 'cryptography'],
  ...['django_celery_results', 'django_celery_beat'],
];

/** Finds the packages without loading them, which would cost a third of a second. */
function python(...packages: string[]): boolean {
  const found = oncePerProcess('packages of Python', () => {
    const code = 'import importlib.util, sys; print(*filter(importlib.util.find_spec, sys.argv[1:]))';
    const { stdout } = spawnSync('/usr/bin/python3', ['-c', code, ...PACKAGES], { encoding: 'utf8' });
    return new Set(stdout?.split(/\s+/));
  });
  return packages.every((name) => found.has(name));
}

const has = (found: boolean) => found || process.env.CI === 'true';

/** Real Python Celery on the other side. */
export const itNeedsPython: typeof it | typeof it.skip = has(python('celery')) ? it : it.skip;

function pythonOnRedis(): boolean {
  return python('celery', 'redis') && runs('redis-server');
}

/** Real Python Celery (python3-celery, python3-redis) and a redis-server to meet on. */
export const hasPythonOnRedis: boolean = has(pythonOnRedis());
export const describeNeedsPythonOnRedis: typeof describe | typeof describe.skip = hasPythonOnRedis
  ? describe
  : describe.skip;

/** And its serializers msgpack, yaml and auth (python3-msgpack, python3-yaml, python3-cryptography). */
export const describeNeedsPythonSerializers: typeof describe | typeof describe.skip =
  hasPythonOnRedis && has(python('msgpack', 'yaml', 'cryptography')) ? describe : describe.skip;

/** Django's result store (python3-django-celery-results). */
export const hasDjangoResults: boolean = has(python('celery', 'django_celery_results'));

/** Django's schedule (python3-django-celery-beat). */
export const hasDjangoBeat: boolean = has(python('celery', 'django_celery_beat'));

/** Prometheus' own checker of metrics (Debian's package prometheus). */
export const itNeedsPromtool: typeof it | typeof it.skip = has(runs('promtool')) ? it : it.skip;

function installed(name: string): boolean {
  try {
    return import.meta.resolve(name) !== '';
  } catch {
    return false;
  }
}

/** The package that sends mail: one of development, and of who wants alerts by mail. */
export const itNeedsNodemailer: typeof it | typeof it.skip = has(installed('nodemailer')) ? it : it.skip;

function tmpfs(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-needs-'));
  const mounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder], { stdio: 'ignore' }).status === 0;
  if (mounted) spawnSync('umount', [folder], { stdio: 'ignore' });
  rmdirSync(folder);
  return mounted;
}

/** A small disk of its own, to fill it: root may mount one. CI without that right skips it all the same. */
export const itNeedsTmpfs: typeof it | typeof it.skip = oncePerProcess('tmpfs', tmpfs) ? it : it.skip;
