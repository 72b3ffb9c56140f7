// `umbel events -c`: every so often a picture of the cluster is handed to code of the user's, which keeps it, sends it, prints it.
// Not here: capturing (events.ts), what is in a picture (shared/events/cluster-state.ts).
// Holds: one picture at a time; what the code throws is logged, and the next picture is taken all the same.
// Celery 5.6: events/snapshot.py
import { ClusterState } from '../../shared/events/cluster-state.ts';
import { plainRate } from '../../shared/rate.ts';
import type { Celery } from '../app/celery.ts';
import { importModule, locate } from '../app/load.ts';
import { ImproperlyConfigured, toError } from '../errors.ts';
import type { EventReceiver } from '../events/receiver.ts';
import type { Logger } from '../log.ts';
import { CliError, EXIT } from './output.ts';

/** A function of the state, or a class whose objects have such a method. */
export type Shutter = (state: ClusterState) => unknown;

/** @param spec './camera.ts', './camera.ts:Saver': its default export, or the one that is named. @throws CliError */
export async function loadCamera(spec: string, app: Celery, workdir: string): Promise<Shutter> {
  const [, path, name] = /^(.+?)(?::(\w+))?$/s.exec(spec)!;
  const module = await importModule(locate(path!, workdir), workdir).catch((error: unknown) => {
    throw error instanceof ImproperlyConfigured ? new CliError(error.message, EXIT.usage) : error;
  });
  const found = name ? module[name] : (module['default'] ?? module['camera']);
  const wanted = `--camera ${spec} must be a function (state) => ..., or a class with onShutter(state)`;
  if (typeof found !== 'function') throw new CliError(`${wanted}, and is ${typeof found}`, EXIT.usage);
  const proto = (found as { prototype?: { onShutter?: unknown } }).prototype;
  if (typeof proto?.onShutter !== 'function') return found as Shutter;
  const camera = new (found as new (app: Celery) => { onShutter: Shutter })(app);
  return (state) => camera.onShutter(state);
}

export interface CameraOptions {
  readonly app: Celery;
  readonly receiver: EventReceiver;
  readonly shutter: Shutter;
  /** Between two pictures. @unit seconds */
  readonly frequency: number;
  /** '10/m': no more of them than that. */
  readonly maxrate?: string;
  readonly log: Logger;
}

/** @returns what ends it */
export function takePictures({ app, receiver, shutter, frequency, maxrate, log }: CameraOptions): () => Promise<void> {
  const state = new ClusterState();
  receiver.onEvents((events) => {
    for (const event of events) state.apply(event);
    state.cut();
  });
  const perSecond = maxrate === undefined ? Number.POSITIVE_INFINITY : perSecondOf(maxrate);
  const everyMs = Math.max(frequency * 1000, perSecond > 0 ? 1000 / perSecond : 0);
  let busy: Promise<void> | null = null;
  const shoot = async () => {
    try {
      await shutter(state);
    } catch (error) {
      log.error(`the camera failed: ${toError(error).stack ?? toError(error).message}`);
    }
    busy = null;
  };
  const ticking = app.timer.every(everyMs, () => {
    busy ??= shoot();
  });
  return async () => {
    ticking.cancel();
    await busy;
    // What happened since.
    await shoot();
  };
}

function perSecondOf(rate: string): number {
  const plain = plainRate(rate);
  if (plain === null) throw new CliError(`--maxrate ${rate} is no rate: write it as 10/m`, EXIT.usage);
  const [count, unit = 's'] = plain.split('/');
  return Number(count) / { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
}
