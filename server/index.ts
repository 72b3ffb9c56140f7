// The face of 'umbel': the app, canvas, results, schedules, states, errors, signals. No worker, no pool, no dashboard:
// those are 'umbel/worker', 'umbel/beat', 'umbel/dashboard'.

export type { State } from '../shared/states.ts';
export {
  EXCEPTION_STATES,
  PROPAGATE_STATES,
  precedence,
  READY_STATES,
  STATES,
  UNREADY_STATES,
} from '../shared/states.ts';
export type { SchemaIssue, StandardSchema } from './app/args-schema.ts';
export { Celery, type CeleryOptions, isCelery } from './app/celery.ts';
export { type Config, EMBEDDED_BROKER_URL, type SettingsInput } from './app/config.ts';
export { currentRequest, currentTask, type RetryOptions, type TaskContext, TaskRequest } from './app/context.ts';
export { defineTask, type RemoteTask, TaskContract } from './app/contract.ts';
export type { SecurityOptions } from './app/security.ts';
export type { BeatEntry } from './app/settings/general.ts';
export type { QueueSpec, Route, RouteTable, TaskRoutes } from './app/settings/task.ts';
export type { SettingName, Settings } from './app/settings.ts';
export { type EagerOptions, Task, type TaskFunction } from './app/task.ts';
export type { ErrorClass, TaskEnd, TaskOptions } from './app/task-options.ts';
export { workerDirect } from './app/worker-direct.ts';
export type { ApplyOptions, RetryPolicy, SignatureLike } from './canvas/call-options.ts';
export { Chain } from './canvas/chain.ts';
export { Chord } from './canvas/chord.ts';
export { chain, chord, chunks, group, signature, starmap, xmap } from './canvas/compose.ts';
export { Group } from './canvas/group.ts';
export { kwargs } from './canvas/keywords.ts';
export { Signature } from './canvas/signature.ts';
export type { StampingVisitor, StampOptions, Stamps } from './canvas/stamping.ts';
export * from './errors.ts';
export { createLogger, type Logger, type LogLevel, silentLogger } from './log.ts';
export type { ForeignLogger, GivenLogger } from './log-adopt.ts';
export { AsyncResult, EagerResult, type GetOptions } from './results/async-result.ts';
export type { DependencyOptions, ResultGraph } from './results/dependencies.ts';
export { GroupResult } from './results/group-result.ts';
export { clocked } from './schedules/clocked.ts';
export { Crontab, type CrontabFields, crontab, crontabFromString } from './schedules/crontab.ts';
export type { Schedule } from './schedules/schedule.ts';
export { type SolarEvent, solar } from './schedules/solar.ts';
export type { AuthFraming } from './serialization/auth/auth.ts';
export type { LazySerializer, Serializer } from './serialization/codec.ts';
export { Decimal, PyDate, PyDateTime, PyTime, Uuid } from './serialization/json.ts';
export { Signal, type SignalName, type SignalPayloads, signals } from './signals.ts';
export { type Exchange, exchange, type Queue, queue } from './transport/entity.ts';
