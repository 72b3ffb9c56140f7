// The body of a call as Flower takes it: {"args": [...], "kwargs": {...}} and any option of apply_async, times in Flower's own form.
// Not here: what options may be (app/call-checks.ts), sending (sending.ts).
// Flower: api/tasks.py get_task_args, normalize_options
import { parseIsoTime } from '../../../protocol/iso-time.ts';
import { fromWall, resolveZone } from '../../../schedules/zone.ts';
import { badRequest } from './answer.ts';
import type { JsonBody } from './parameters.ts';

export interface FlowerCall {
  readonly args: readonly unknown[];
  readonly kwargs: Record<string, unknown>;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Zone {
  readonly timezone: string | null;
}

/** @param zone of the cluster: times without an offset are its own @throws FlowerError 400 */
export function readCall({ plain, exact }: JsonBody, zone: Zone): FlowerCall {
  const { args = [], kwargs } = exact;
  if (!Array.isArray(args)) throw badRequest("'args' must be an array");
  // Python takes None for no keyword arguments.
  if (kwargs !== undefined && kwargs !== null && (typeof kwargs !== 'object' || Array.isArray(kwargs)))
    throw badRequest("'kwargs' must be an object");
  const { args: _, kwargs: __, ...given } = plain;
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) if (value !== null) options[name] = read(name, value, zone);
  return { args, kwargs: (kwargs ?? {}) as Record<string, unknown>, options };
}

function read(name: string, value: unknown, zone: Zone): unknown {
  switch (name) {
    case 'eta':
      return instant(name, value, zone);
    case 'countdown':
      return seconds(value) ?? refuse(name, 'a number of seconds');
    case 'expires':
      return seconds(value) ?? instant(name, value, zone);
    default:
      return value;
  }
}

function seconds(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/.test(value)) return null;
  return Number(value);
}

const FLOWERS = /^(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,6})$/;

/** `%Y-%m-%d %H:%M:%S.%f`; ISO 8601 too. */
function instant(name: string, value: unknown, { timezone }: Zone): Date {
  const text = typeof value === 'string' ? value.trim() : '';
  const parts = FLOWERS.exec(text);
  if (parts) {
    const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as number[];
    const ms = Date.UTC(year!, month! - 1, day, hour, minute, second);
    const is = new Date(ms);
    const isReal = is.getUTCMonth() === month! - 1 && is.getUTCDate() === day && hour! < 24 && minute! < 60;
    if (!isReal || second! > 59 || year === 0) refuse(name, 'a time that there is');
    const wall = ms + Math.floor(Number(parts[7]!.padEnd(6, '0')) / 1000);
    return new Date(fromWall({ ms: wall, fold: 0 }, resolveZone(timezone)));
  }
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    try {
      return new Date(parseIsoTime(text));
    } catch {
      // Told below.
    }
  }
  return refuse(name, `${name === 'eta' ? '' : 'a number of seconds, or '}a time such as 2026-11-29 14:30:00.000000`);
}

function refuse(name: string, expected: string): never {
  throw badRequest(`'${name}' must be ${expected}`);
}
