// Every setting as one table, put together from the rows in settings/, and the type it gives.
// Not here: reading, checking and merging configurations (config.ts); printing the page (settings-docs.ts).
// Holds: the names are exactly those of Celery 5.6, with those its guide names and its table does not; ours, if any, are marked by
// their source.
// Celery 5.6: app/defaults.py NAMESPACES

import type { Setting, Settings as SettingsOf } from '../setting.ts';
import { BROKER } from './settings/broker.ts';
import { GENERAL } from './settings/general.ts';
import { RESULT } from './settings/result.ts';
import { STORES } from './settings/stores.ts';
import { TASK } from './settings/task.ts';
import { WORKER } from './settings/worker.ts';

export const SETTINGS = { ...GENERAL, ...BROKER, ...TASK, ...RESULT, ...WORKER, ...STORES } as const;

type Table = typeof SETTINGS;
export type SettingName = keyof Table;
/** Every setting and its type. */
export type Settings = SettingsOf<Table>;

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

export function settingOf(name: string): Setting<unknown> | undefined {
  return Object.hasOwn(SETTINGS, name) ? (SETTINGS as Record<string, Setting<unknown>>)[name] : undefined;
}
