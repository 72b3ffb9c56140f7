// Serializers, compressions and signatures between real Python Celery and ours, both ways. A Python process is client and worker.
// Debian's Celery 5.2 signs in the older framing, and has neither brotli nor zstd: those are read from recordings
// (server/protocol/publish-golden.test.ts).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventReceiver } from '../../server/events/receiver.ts';
import { type Celery, PyDate, PyDateTime } from '../../server/index.ts';
import { silentLogger } from '../../server/log.ts';
import { describeNeedsPythonSerializers } from '../support/needs.ts';
import { signingKeys } from '../support/signing-keys.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster } from './python.ts';

const ACCEPT = ['json', 'msgpack', 'yaml'];
const PLAIN = [
  0,
  -1,
  2 ** 40,
  2n ** 63n,
  1.5,
  'žluť 😀 \u2028 yes',
  'null',
  '1e3',
  '',
  null,
  true,
  [[]],
  { a: { b: 1 } },
  { '<<': { '=': '<<' } },
];
const PLAIN_REPR =
  "[0, -1, 1099511627776, 9223372036854775808, 1.5, 'žluť 😀 \\u2028 yes', 'null', '1e3', '', None, True, [[]], {'a': {'b': 1}}, {'<<': {'=': '<<'}}]";

/** A worker in a thread of the client; one in a process. */
const START = (app: string) => `
from celery.contrib.testing.worker import start_worker
start_worker(${app}, pool='solo', perform_ping_check=False, loglevel='ERROR').__enter__()
`;

describeNeedsPythonSerializers('serializers between the languages', () => {
  let cluster: Cluster;
  let app: Celery;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'umbel-sign-'));
    cluster = await startCluster({ accept_content: ACCEPT, result_accept_content: ACCEPT });
    app = cluster.app();
    app.task('ts.values', (...args: unknown[]) => args);
    await Promise.all([cluster.py(START('proj.app')), cluster.ours(app, { hostname: 'ts@interop', queues: ['ts'] })]);
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = (args: readonly unknown[], options: object) =>
    app.sendTask('py.repr', args, {}, { queue: 'celery', ...options }).then((sent) => sent.get({ timeout: 120 }));

  it.each(ACCEPT)('%s: Python reads what we send, and we read what it sends', async (serializer) => {
    const [args] = (await call([PLAIN], { serializer })) as [string];
    expect(args).toBe(`(${PLAIN_REPR},)`);
    const back = await cluster.py(
      `result = repr(task('ts.values').set(queue='ts', serializer='${serializer}').delay(*${PLAIN_REPR}).get(timeout=30))`,
    );
    expect(back).toBe(PLAIN_REPR);
  });

  it('bytes and times are those of Python', async () => {
    const bytes = Uint8Array.of(0, 255);
    expect(await call([bytes], { serializer: 'msgpack' })).toEqual(["(b'\\x00\\xff',)", '{}']);
    const times = [bytes, new PyDate('2024-05-06'), new PyDateTime('2024-05-06T07:08:09.000010'), 2n ** 70n, Infinity];
    expect(await call(times, { serializer: 'yaml' })).toEqual([
      "(b'\\x00\\xff', datetime.date(2024, 5, 6), datetime.datetime(2024, 5, 6, 7, 8, 9, 10), 1180591620717411303424, inf)",
      '{}',
    ]);
    const received: unknown[] = [];
    app.task('ts.receive', (...args: unknown[]) => received.push(...args));
    await cluster.py(`import datetime
task('ts.receive').set(queue='ts', serializer='yaml').delay(b'\\x00\\xff', datetime.date(2024, 5, 6), 2 ** 70, (1, 2)).get(timeout=30)
task('ts.receive').set(queue='ts', serializer='msgpack').delay(b'\\x00\\xff', (1, 2)).get(timeout=30)`);
    expect(received).toEqual([bytes, new PyDate('2024-05-06'), 2n ** 70n, [1, 2], bytes, [1, 2]]);
  });

  it.each(['zlib', 'gzip', 'bzip2', 'bzip', 'lzma', 'xz'])(
    '%s: Python opens what we compress, and we open what it compresses',
    async (compression) => {
      const text = 'some text, '.repeat(50);
      expect(await call([text], { compression })).toEqual([`('${text}',)`, '{}']);
      const back = `task('ts.values').set(queue='ts', compression='${compression}').delay('some text, ' * 50).get(timeout=30)`;
      expect(await cluster.py(`result = ${back}`)).toEqual([text]);
    },
  );

  it.each(['msgpack', 'yaml'])('results in %s are read on the other side', async (result_serializer) => {
    const other = cluster.app({ result_serializer });
    other.task('ts.other', (x: unknown) => ({ given: x }));
    const queue = `ts-${result_serializer}`;
    await cluster.ours(other, {
      hostname: `${queue}@interop`,
      queues: [queue],
      withoutGossip: true,
      withoutMingle: true,
    });
    const shared = `accept_content=${JSON.stringify(ACCEPT)}, result_accept_content=${JSON.stringify(ACCEPT)}, result_serializer='${result_serializer}'`;
    await cluster.py(`other = celery.Celery('other', broker=proj.URL, backend=proj.URL); other.conf.update(${shared})`);
    expect(
      await cluster.py(`result = other.signature('ts.other').set(queue='${queue}').delay('ž').get(timeout=30)`),
    ).toEqual({ given: 'ž' });
    await cluster.py(`other.backend.store_result('by-python-${result_serializer}', {'n': [1, None]}, 'SUCCESS')`);
    expect(await other.AsyncResult(`by-python-${result_serializer}`).get({ timeout: 120 })).toEqual({ n: [1, null] });
  });

  it('signed messages: tasks, results, events and remote control, both ways; what is not signed is not taken', async () => {
    const python = cluster.client();
    const [py, ts] = [signingKeys(folder, 'python'), signingKeys(folder, 'umbel')];
    const settings = {
      ...{ task_serializer: 'auth', result_serializer: 'auth', event_serializer: 'auth', accept_content: ['auth'] },
      ...{ result_accept_content: null, worker_send_task_events: true, security_cert_store: join(folder, '*.pem') },
    };
    const url = cluster.redis.url(5);
    await python(`
signed = celery.Celery('signed', broker='${url}', backend='${url}', set_as_current=False)
signed.conf.update(loads(${JSON.stringify(JSON.stringify(settings))}))
signed.conf.update(security_key='${py.key}', security_certificate='${py.cert}', task_default_queue='py')
signed.setup_security(allowed_serializers=['json', 'msgpack', 'yaml'])
@signed.task(name='py.signed')
def py_signed(x): return [x]
${START('signed')}`);
    const own = cluster.app({
      ...settings,
      ...{ broker: url, backend: url, security_key: ts.key, security_certificate: ts.cert, task_default_queue: 'ts' },
    });
    own.setupSecurity({ framing: '5.2' });
    own.task('ts.signed', (x: unknown) => [x]);
    const events: string[] = [];
    const connection = own.connection('read');
    const receiver = new EventReceiver({
      ...{ connection, timer: own.timer, log: silentLogger, codec: own.codec, accept: ['auth'] },
    });
    receiver.onEvents((found) => events.push(...found.map(({ type }) => type)));
    await receiver.start();
    await until(() => receiver.connected, 'the reader of events');
    const worker = await cluster.ours(own, { hostname: 'signed@interop', withoutGossip: true, withoutMingle: true });
    const sent = await own.sendTask('py.signed', ['ž'], {}, { queue: 'py' });
    expect(await sent.get({ timeout: 120 })).toEqual(['ž']);
    expect(await python(`result = signed.signature('ts.signed').set(queue='ts').delay('ž').get(timeout=30)`)).toEqual([
      'ž',
    ]);
    await until(() => {
      if (events.filter((type) => type === 'task-succeeded').length === 2) return true;
      throw new Error(`so far there are ${events}`);
    }, 'the events of both workers');
    expect(receiver.malformed).toBe(0);
    const ours = await own.control.inspect({ timeout: 120, limit: 2 }).ping();
    expect(Object.values(ours ?? {})).toEqual([{ ok: 'pong' }, { ok: 'pong' }]);
    const theirs = `result = signed.control.inspect(timeout=30, limit=1, destination=['signed@interop']).ping()`;
    expect(await python(theirs)).toEqual({ 'signed@interop': { ok: 'pong' } });

    const unsigned = cluster.app({ broker: url, backend: url, accept_content: ['json'], result_accept_content: null });
    await unsigned.sendTask('ts.signed', ['x'], {}, { queue: 'ts' });
    await until(
      () =>
        worker.lines.some((line) =>
          /Dropped a message of ts.*SecurityError|Dropped a message of ts.*Disallowed/.test(line),
        ),
      'the refusal',
    );
    await receiver.stop();
    await connection.close();
  });
});
