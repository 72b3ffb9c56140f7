// A job's way into another process and back: what its body gets and what the worker learns are what they are in this one.
import { describe, expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { fromFrame, type TaskOutcome, toFrame } from '../../../server/app/outcome.ts';
import { Stop } from '../../../server/app/stop.ts';
import { RemoteError } from '../../../server/errors.ts';
import type { Job } from '../../../server/pool/contract.ts';
import { jobFrame } from '../../../server/pool/job.ts';
import { jobRunner } from '../../../server/pool/run-job.ts';
import { buildTaskMessage } from '../../../server/protocol/task-message.ts';
import { type Compressed, compress } from '../../../server/serialization/compression/compression.ts';
import { Decimal, Uuid } from '../../../server/serialization/json.ts';

function appWith(body: (...args: unknown[]) => unknown): Celery {
  const app = new Celery('far', { broker: 'memory://', backend: 'memory://' });
  app.task({ name: 'far.run' }, body);
  return app;
}

function frameFor(app: Celery, args: readonly unknown[], compression: string | null = null): Job {
  const { headers, properties, payload } = buildTaskMessage({ id: 'far-1', task: 'far.run', args });
  const encoded = app.encode(payload);
  const packed = compression ? (compress(encoded.body, compression) as Compressed) : null;
  const job: Job = {
    id: 'far-1',
    task: 'far.run',
    name: 'far.run',
    body: packed?.body ?? encoded.body,
    contentType: encoded.contentType,
    contentEncoding: encoded.contentEncoding,
    headers: packed ? { ...headers, compression: packed.contentType } : headers,
    properties,
    deliveryInfo: { exchange: '', routing_key: 'celery' },
    redelivered: false,
    hostname: 'w@far',
    softTimeLimitMs: null,
    timeLimitMs: null,
    message: null,
  };
  return { ...structuredClone(jobFrame(job)), message: null };
}

async function runFar(app: Celery, job: Job): Promise<TaskOutcome> {
  await using _ = app;
  return fromFrame(structuredClone(toFrame(await jobRunner(app)(job, new Stop(), () => {}))));
}

describe('a job that is read where its body runs', () => {
  it.each([null, 'zlib'])('gets arguments of every type (compression %s)', async (compression) => {
    const given: unknown[] = [];
    const app = appWith((...args) => {
      given.push(...args);
      return 'seen';
    });
    const sent = [new Decimal('1.10'), new Uuid('00000000-0000-4000-8000-000000000001'), 2n ** 70n, new Date(0)];
    const outcome = await runFar(app, frameFor(app, sent, compression));
    expect(given[0]).toBeInstanceOf(Decimal);
    expect(given[1]).toBeInstanceOf(Uuid);
    expect(given[2]).toBe(2n ** 70n);
    expect(given[3]).toBeInstanceOf(Date);
    expect(outcome).toMatchObject({ id: 'far-1', name: 'far.run', state: 'SUCCESS', resultRepr: "'seen'" });
  });

  it('tells of a failure by type, arguments and traceback', async () => {
    class OutOfStock extends Error {
      override name = 'OutOfStock';
      readonly args = [new Decimal('0.5'), 'cocoa'];
    }
    const app = appWith(() => {
      throw new OutOfStock('cocoa');
    });
    const outcome = await runFar(app, frameFor(app, []));
    if (outcome.state !== 'FAILURE') throw new Error(outcome.state);
    expect(outcome.excRepr).toBe("OutOfStock(Decimal('0.5'), 'cocoa')");
    expect(outcome.traceback).toContain('OutOfStock: cocoa');
    expect(outcome.error).toBeInstanceOf(RemoteError);
    const { excType, args } = outcome.error as RemoteError;
    expect([excType, args[0], args[1]]).toEqual(['OutOfStock', expect.any(Decimal), 'cocoa']);
  });

  it('is a failure of the machinery when it cannot be read there, or its task is not there', async () => {
    const app = appWith(() => 1);
    const broken = { ...frameFor(app, []), body: Buffer.from('{') };
    expect(await jobRunner(app)(broken, new Stop(), () => {})).toMatchObject({ state: 'FAILURE', internal: true });
    const frame = frameFor(app, []);
    const unknown = { ...frame, headers: { ...frame.headers, task: 'far.gone' } };
    expect(await runFar(app, unknown)).toMatchObject({ excRepr: "NotRegistered('far.gone')", internal: true });
  });
});
