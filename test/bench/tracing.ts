// What tracing costs: send and run on the memory broker without it, with it and no SDK, and with an SDK that keeps nothing.
// Turn by turn in one process, so that what else runs on the machine is the same for all; the median of the turns.
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { instrument } from '../../server/app/otel.ts';
import { Celery } from '../../server/index.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { median, report } from '../support/bench-report.ts';

const COUNT = 4_000;
const TURNS = 7;
const kinds = ['off', 'no SDK', 'SDK'] as const;
const cpuUs: Record<(typeof kinds)[number], number[]> = { off: [], 'no SDK': [], SDK: [] };

async function turn(kind: (typeof kinds)[number], n: number): Promise<number> {
  const url = `memory://tracing-${kind.replace(' ', '')}-${n}`;
  const app = new Celery('bench', { broker: url, backend: url }, { env: {}, log: silentLogger });
  let left = COUNT;
  let all = () => {};
  const done = new Promise<void>((resolve) => {
    all = resolve;
  });
  const task = app.task('one', () => {
    if (--left === 0) all();
  });
  if (kind !== 'off') instrument(app, kind === 'SDK' ? { tracerProvider: new BasicTracerProvider() } : {});
  const worker = new Worker(app, {
    log: silentLogger,
    withoutGossip: true,
    withoutMingle: true,
    withoutHeartbeat: true,
  });
  await worker.start();
  const before = process.cpuUsage();
  for (let i = 0; i < COUNT; i++) await task.delay();
  await done;
  const { user, system } = process.cpuUsage(before);
  await worker.stop('warm');
  await worker.done;
  await app.close();
  return (user + system) / COUNT;
}

for (let n = 0; n <= TURNS; n++)
  for (const kind of kinds) {
    if (kind === 'SDK') {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    }
    const us = await turn(kind, n);
    // The first is warming up.
    if (n > 0) cpuUs[kind].push(us);
    context.disable();
    propagation.disable();
  }
for (const kind of kinds)
  report({
    case: `send and run, tracing ${kind}`,
    value: median(cpuUs[kind]),
    unit: 'us CPU a task',
    better: 'less',
    tasks: COUNT,
  });
