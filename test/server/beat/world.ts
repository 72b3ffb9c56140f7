// What the tests of beat share: a folder, and an app's side of beat that writes down what it is asked to send.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { createConfig, type SettingsInput } from '../../../server/app/config.ts';
import { Beat, type BeatHost, type BeatOptions } from '../../../server/beat/beat.ts';
import { createLogger } from '../../../server/log.ts';
import { Codec } from '../../../server/serialization/codec.ts';
import type { Timer } from '../../../server/timer.ts';
import { ManualTimer } from '../../support/clock.ts';

export const S = 1000;
export let folder: string;
let beats: Beat[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umbel-beat-'));
  beats = [];
});
afterEach(async () => {
  for (const beat of beats) await beat.stop();
  await rm(folder, { recursive: true, force: true });
});

export function world<T extends Timer = ManualTimer>(
  settings: SettingsInput = {},
  timer: T = new ManualTimer() as unknown as T,
) {
  const sent: { name: string; args: unknown; kwargs: unknown; options: unknown; at: number }[] = [];
  const lines: string[] = [];
  let failure: Error | null = null;
  const log = createLogger({ level: 'DEBUG', write: (line) => lines.push(line) });
  const host: BeatHost = {
    conf: createConfig({ broker: 'memory://', ...settings } as SettingsInput),
    timer,
    log,
    tasks: new Map(),
    codec: new Codec(),
    async sendTask(name, args, kwargs, options) {
      if (failure !== null) throw failure;
      sent.push({ name, args, kwargs, options, at: timer.now() });
      return { id: String(sent.length) };
    },
  };
  const beat = (options: BeatOptions = {}) => {
    const made = new Beat(host, { schedule: join(folder, 'schedule'), ...options });
    beats.push(made);
    return made;
  };
  const failWith = (error: Error | null) => {
    failure = error;
  };
  return { host, timer, sent, lines, beat, failWith };
}
export const settled = () => new Promise((resolve) => setImmediate(resolve));
export const stored = async () =>
  JSON.parse(await readFile(join(folder, 'schedule.json'), 'utf8')) as {
    entries: Record<string, Record<string, unknown>>;
  };
