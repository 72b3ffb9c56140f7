// A schedule in Redis: `redis://`, `rediss://`, `redis+socket://`, `sentinel://`; several in one database by `?schedule=name`.
// Not here: renewing the lease (renewed-lease.ts), what may be written (check.ts), connecting (backends/redis-client.ts).
// Master, sentinels and certificates are the broker's, where that is a Redis (`broker_transport_options`, `broker_use_ssl`).
// Keys: `umbel-beat:<name>:entries` and `:runs` (hashes by entry), `:configured` (names that an app configures), `:lease`, `:version`.
// Holds: each write is one script, which asks for the lease first; a reader sees one moment.
// Celery has none; celery-redbeat keeps one entry a key and polls them.
import type { Redis } from 'ioredis';
import { jsonText } from '../../shared/json-text.ts';
import { redisClients } from '../backends/redis-client.ts';
import type { RedisStoreSettings } from '../backends/redis-settings.ts';
import { toError, UmbelError } from '../errors.ts';
import { createTimer, type Timer } from '../timer.ts';
import { explanation, withoutCommand } from '../transport/redis/failure.ts';
import { parseUrl, safeUrl } from '../transport/url.ts';
import { checkDefinition, onlyEnabledDiffers, refusedConfigured, refusedNew, refusedUnknown } from './check.ts';
import type {
  EntryDefinition,
  EntryRuns,
  LeaseHolder,
  ScheduleEditor,
  ScheduleLease,
  ScheduleStore,
  StoredEntry,
} from './contract.ts';
import type { BrokerLine, ScheduleStoreContext } from './registry.ts';
import { anotherBeat, LEASE_MS, newHolder, RenewedLease } from './renewed-lease.ts';
import { entryFromJson, entryToJson, parseEntries } from './stored-entry.ts';

const IF_MINE = `if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end\n`;
const CLAIM = `if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('HMGET', KEYS[1], 'pid', 'host', 'since', 'tick') end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'pid', ARGV[2], 'host', ARGV[3], 'since', ARGV[4], 'tick', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`;
const RENEW = `${IF_MINE}redis.call('HSET', KEYS[1], 'tick', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;
const RELEASE = `${IF_MINE}return redis.call('DEL', KEYS[1])`;
/** KEYS: lease, entries, runs, configured. ARGV: token, then name, definition and runs of each. */
const REPLACE = `${IF_MINE}local now = {}
for i = 2, #ARGV, 3 do now[ARGV[i]] = true end
for _, name in ipairs(redis.call('SMEMBERS', KEYS[4])) do
  if not now[name] then
    redis.call('HDEL', KEYS[2], name)
    redis.call('HDEL', KEYS[3], name)
  end
end
redis.call('DEL', KEYS[4])
for i = 2, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 2])
  redis.call('SADD', KEYS[4], ARGV[i])
end
return 1`;
const SAVE_RUNS = `${IF_MINE}for i = 2, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
end
return 1`;
/** KEYS: entries, runs, version. ARGV: name, what was there ('' for nothing), what is to be, its runs ('' for as they are). */
const EDIT = `local there = redis.call('HGET', KEYS[1], ARGV[1])
if (there or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[4]) end
end
redis.call('INCR', KEYS[3])
return 1`;

const PATIENCE = { max_retries: 6, interval_start: 0.05, interval_step: 0.2, interval_max: 1 };

/** Two who edit one entry at once: each looks again, so often. */
const EDIT_TRIES = 5;

export class RedisScheduleStore implements ScheduleStore {
  readonly description: string;
  readonly editor: ScheduleEditor;
  readonly #redis: Redis;
  readonly #timer: Timer;
  readonly #keys: Record<'entries' | 'runs' | 'configured' | 'lease' | 'version', string>;
  readonly #leases = new Set<RenewedLease>();
  #lastError: Error | null = null;

  constructor(url: string, context: ScheduleStoreContext) {
    const name = parseUrl(url.split(';')[0]!).query.schedule ?? 'celery';
    const address = url.replace(/([?&])schedule=[^&;]*&?/g, '$1').replace(/[?&](?=;|$)/g, '');
    this.description = safeUrl(url);
    this.#timer = context.timer ?? createTimer({ unref: true });
    const asBroker = lineOf(address, context.broker);
    const source = {
      url: address,
      options: { ...asBroker.options, retry_policy: PATIENCE },
      settings: { redis_backend_use_ssl: asBroker.ssl as RedisStoreSettings['redis_backend_use_ssl'] },
      expiresMs: null,
      ...(context.log ? { log: context.log } : {}),
      now: () => this.#timer.now(),
      encode: notUsed,
      decode: notUsed,
    };
    this.#redis = redisClients(source, 'schedule')();
    this.#redis.on('error', (error: Error) => {
      this.#lastError = error;
    });
    const key = (what: string) => `umbel-beat:${name}:${what}`;
    this.#keys = {
      entries: key('entries'),
      runs: key('runs'),
      configured: key('configured'),
      lease: key('lease'),
      version: key('version'),
    };
    this.editor = {
      create: (each, definition) => this.#create(each, definition),
      change: (each, definition) => this.#change(each, definition),
      remove: (each) => this.#remove(each),
      version: async () => (await this.#ask(() => this.#redis.get(this.#keys.version))) ?? '0',
    };
  }

  async load(): Promise<Map<string, StoredEntry>> {
    const { entries, runs, configured } = this.#keys;
    const answers = await this.#ask(() =>
      this.#redis.multi().hgetall(entries).hgetall(runs).smembers(configured).exec(),
    );
    const [all, ran, names] = (answers ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as [Record<string, string>, Record<string, string>, string[]];
    const ofApp = new Set(names);
    return new Map(
      Object.entries(all).map(([name, text]) => {
        const definition = entryFromJson(name, { ...(parseEntries(text) as object), ...NO_RUNS }).definition;
        const entry = { definition, runs: readRuns(name, ran[name]) };
        return [name, ofApp.has(name) ? entry : { ...entry, owner: 'store' as const }];
      }),
    );
  }

  async holder(): Promise<LeaseHolder | null> {
    const found = await this.#ask(() => this.#redis.hmget(this.#keys.lease, 'pid', 'host', 'since', 'tick'));
    return found[0] === null ? null : readHolder(found);
  }

  async claim(): Promise<ScheduleLease> {
    const { token, pid, host, since } = newHolder(this.#timer.now());
    const askedAt = this.#timer.monotonic();
    const answer = await this.#ask(() =>
      this.#redis.eval(CLAIM, 1, this.#keys.lease, token, pid, host, since, LEASE_MS),
    );
    if (Array.isArray(answer)) throw anotherBeat(this.description, readHolder(answer));
    const own = { token, timer: this.#timer, askedAt, port: this.#port() };
    try {
      const lease = new RenewedLease({
        ...own,
        entries: await this.load(),
        onReleased: (one) => this.#leases.delete(one),
      });
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      await own.port.release(token).catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const lease of [...this.#leases]) await lease.release();
    this.#redis.disconnect();
  }

  #port() {
    const { lease, entries, runs, configured } = this.#keys;
    const script = async (text: string, keys: string[], ...values: (string | number)[]) =>
      (await this.#ask(() => this.#redis.eval(text, keys.length, ...keys, ...values))) === 1;
    return {
      description: this.description,
      renew: (token: string, tickMs: number) => script(RENEW, [lease], token, tickMs, LEASE_MS),
      release: async (token: string) => void (await script(RELEASE, [lease], token)),
      replace: (token: string, all: ReadonlyMap<string, StoredEntry>) =>
        script(
          REPLACE,
          [lease, entries, runs, configured],
          token,
          ...[...all].flatMap(([name, entry]) => [name, definitionText(entry.definition), runsText(entry.runs)]),
        ),
      saveRuns: (token: string, these: ReadonlyMap<string, EntryRuns>) =>
        script(
          SAVE_RUNS,
          [lease, entries, runs],
          token,
          ...[...these].flatMap(([name, each]) => [name, runsText(each)]),
        ),
    };
  }

  async #create(name: string, definition: EntryDefinition): Promise<void> {
    checkDefinition(name, definition);
    const begins = runsText({ lastRunAt: this.#timer.now(), totalRunCount: 0 });
    if (!(await this.#edit(name, '', definitionText(definition), begins))) throw refusedNew(name);
  }

  async #change(name: string, definition: EntryDefinition): Promise<void> {
    checkDefinition(name, definition);
    await this.#again(name, async (there, entry, isConfigured) => {
      if (isConfigured && (entry.definition === null || !onlyEnabledDiffers(entry.definition, definition)))
        throw refusedConfigured(name);
      const resumes = definition.enabled && entry.definition?.enabled === false;
      const { lastRunAt, totalRunCount } = entry.runs;
      // One that was to run once may run once more.
      const once = definition.one_off || definition.schedule.kind === 'clocked';
      const runs = resumes
        ? runsText({ lastRunAt: Math.max(lastRunAt, this.#timer.now()), totalRunCount: once ? 0 : totalRunCount })
        : '';
      return this.#edit(name, there, definitionText(definition), runs);
    });
  }

  async #remove(name: string): Promise<void> {
    await this.#again(name, (there, _, isConfigured) => {
      if (isConfigured) throw refusedConfigured(name);
      return this.#edit(name, there, '', '');
    });
  }

  async #again(
    name: string,
    work: (there: string, entry: StoredEntry, isConfigured: boolean) => Promise<boolean>,
  ): Promise<void> {
    const { entries, runs, configured } = this.#keys;
    for (let tries = 0; tries < EDIT_TRIES; tries++) {
      const [there, ran, isConfigured] = await this.#ask(() =>
        Promise.all([
          this.#redis.hget(entries, name),
          this.#redis.hget(runs, name),
          this.#redis.sismember(configured, name),
        ]),
      );
      if (there === null) throw refusedUnknown(name);
      const { definition } = entryFromJson(name, { ...(parseEntries(there) as object), ...NO_RUNS });
      if (await work(there, { definition, runs: readRuns(name, ran ?? undefined) }, isConfigured === 1)) return;
    }
    throw new UmbelError(`The entry '${name}' is being changed by others all the time: try again.`);
  }

  async #edit(name: string, there: string, text: string, runs: string): Promise<boolean> {
    const keys = [this.#keys.entries, this.#keys.runs, this.#keys.version];
    return (await this.#ask(() => this.#redis.eval(EDIT, keys.length, ...keys, name, there, text, runs))) === 1;
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const error = withoutCommand(toError(thrown));
      const isAway = error.name === 'MaxRetriesPerRequestError' || /connection is closed/i.test(error.message);
      const cause = isAway && this.#lastError ? withoutCommand(this.#lastError) : error;
      const text = cause.message || (cause as { code?: string }).code || cause.name;
      const meaning = explanation(cause);
      const what = meaning ?? (isAway ? 'cannot be reached' : 'failed');
      throw new UmbelError(`The schedule's Redis ${this.description} ${what} (${text})`, { cause: error });
    }
  }
}

/** The broker's master and sentinels, timeouts and certificates. A plain redis:// of another server stays plain. */
function lineOf(address: string, broker?: BrokerLine): Pick<BrokerLine, 'options' | 'ssl'> {
  if (!broker || !/^(redis|sentinel)/i.test(broker.url)) return { options: {}, ssl: undefined };
  const { options, ssl } = broker;
  const server = (url: string) => [parseUrl(url).host || '127.0.0.1', parseUrl(url).port ?? 6379].join(':');
  const isSecure = /^(rediss|sentinel):/i.test(address) || server(address) === server(broker.url);
  return { options, ssl: isSecure ? ssl : undefined };
}

const NO_RUNS = { last_run_at: '1970-01-01T00:00:00.000Z', total_run_count: 0 };

function definitionText(definition: EntryDefinition | null): string {
  const { last_run_at: _, total_run_count: __, ...rest } = entryToJson({ definition, runs: NONE });
  return jsonText(rest);
}
const NONE: EntryRuns = { lastRunAt: 0, totalRunCount: 0 };

function runsText({ lastRunAt, totalRunCount }: EntryRuns): string {
  return `${lastRunAt} ${totalRunCount}`;
}

function readRuns(name: string, text = '0 0'): EntryRuns {
  const [lastRunAt, totalRunCount] = text.split(' ').map(Number);
  if (!Number.isFinite(lastRunAt) || !Number.isInteger(totalRunCount)) throw new Error(`entry '${name}' is damaged`);
  return { lastRunAt: lastRunAt!, totalRunCount: totalRunCount! };
}

function readHolder(found: readonly unknown[]): LeaseHolder {
  const [pid, host, since, tick] = found.map((each) => (each === null || each === undefined ? null : String(each)));
  const number = (text: string | null | undefined) => (text == null ? null : Number(text));
  return { pid: number(pid), host: host ?? null, since: number(since), lastTick: number(tick) };
}

function notUsed(): never {
  throw new Error('A schedule is no result.');
}
