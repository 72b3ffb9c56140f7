// Flower's answers (test/golden/flower-api.json) asked of a dashboard, one after the other, on whatever cluster it looks at.
// Holds: fields are compared with their order; what arrives by another way is waited for.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Dashboard } from '../../server/dashboard/dashboard.ts';
import { until } from './until.ts';

export interface FlowerCase {
  readonly ask: string;
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly form?: Readonly<Record<string, string>>;
  /** Names for values of the answer, for what is asked later. */
  readonly keep?: Readonly<Record<string, string>>;
  /** It may take a while to be so. */
  readonly wait?: true;
}

export const FLOWER_CASES = (
  JSON.parse(readFileSync(new URL('../golden/flower-api.json', import.meta.url), 'utf8')) as { cases: FlowerCase[] }
).cases;

/** What the braces in the cases stand for. */
export interface FlowerNames {
  readonly worker: string;
  /** Adds two numbers. */
  readonly task: string;
  /** Fails with these arguments. */
  readonly failing: string;
  readonly 'failing args': readonly unknown[];
  /** The worker consumes it. */
  readonly queue: string;
}

/** @throws an error that names the case and what differs */
export async function replayFlower(
  dashboard: Dashboard,
  given: FlowerNames,
  isWanted: (one: FlowerCase) => boolean = () => true,
): Promise<void> {
  const names: Record<string, unknown> = { ...given, 'own id': `own-${Math.random().toString(36).slice(2)}` };
  for (const one of FLOWER_CASES.filter(isWanted)) {
    const [method, url] = filled(one.ask, names).split(/ (.*)/s) as [string, string];
    const ask = async (): Promise<string[]> => {
      const reply = await dashboard.app.inject({ method: method as 'GET', url, ...payloadOf(one, names) });
      const wrong: string[] = [];
      if (reply.statusCode !== one.status) wrong.push(`status ${reply.statusCode}, not ${one.status}: ${reply.body}`);
      else if (one.text !== undefined) differ(filled(one.text, names), reply.body, 'text', wrong);
      else {
        expect(reply.headers['content-type'], one.ask).toBe('application/json; charset=UTF-8');
        const value = reply.json<Record<string, unknown>>();
        differ(filled(one.json, names), value, '', wrong);
        for (const [name, field] of Object.entries(one.keep ?? {})) names[name] = value[field];
      }
      return wrong;
    };
    if (one.wait) {
      let last: string[] = [];
      await until(async () => {
        last = await ask();
        return last.length === 0;
      }, one.ask).catch((error: Error) => {
        throw new Error(`${error.message}\n${last.join('\n')}`);
      });
    } else expect(await ask(), `${one.ask}`).toEqual([]);
  }
}

function payloadOf({ body, raw, form }: FlowerCase, names: Readonly<Record<string, unknown>>): object {
  if (raw !== undefined) return { payload: raw };
  if (body !== undefined) return { payload: JSON.stringify(filled(body, names)) };
  if (form === undefined) return {};
  const payload = new URLSearchParams(filled(form, names) as Record<string, string>).toString();
  return { payload, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
}

function filled<T>(template: T, names: Readonly<Record<string, unknown>>): T {
  if (typeof template === 'string') {
    const whole = /^\{([^{}]+)\}$/.exec(template)?.[1];
    if (whole !== undefined && whole in names) return names[whole] as T;
    return template.replace(/\{([^{}]+)\}/g, (all, name: string) => String(names[name] ?? all)) as T;
  }
  if (Array.isArray(template)) return template.map((one: unknown) => filled(one, names)) as T;
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [filled(key, names), filled(value, names)]),
  ) as T;
}

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  number: (value) => typeof value === 'number',
  text: (value) => typeof value === 'string' && value !== '',
  list: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

function differ(wanted: unknown, given: unknown, at: string, wrong: string[]): void {
  const say = (): void => void wrong.push(`${at}: ${JSON.stringify(given)}, not ${JSON.stringify(wanted)}`);
  if (typeof wanted === 'string') {
    const kind = /^<(\w+)(\??)>$/.exec(wanted);
    if (kind) {
      if (!(kind[2] === '?' && given === null) && !KINDS[kind[1]!]!(given)) say();
      return;
    }
    const pattern = wanted.split('<text>').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    if (typeof given !== 'string' || !new RegExp(`^${pattern.join('.+')}$`, 's').test(given)) say();
    return;
  }
  if (typeof wanted !== 'object' || wanted === null || typeof given !== 'object' || given === null) {
    if (wanted !== given) say();
    return;
  }
  const keys = Object.keys(wanted);
  const isOpen = keys.includes('...');
  const mine = keys.filter((key) => key !== '...');
  const theirs = isOpen ? mine.filter((key) => key in given) : Object.keys(given);
  if (mine.join() !== theirs.join()) wrong.push(`${at}: has ${Object.keys(given).join()}, not ${mine.join()}`);
  else
    for (const key of mine)
      differ((wanted as Record<string, unknown>)[key], (given as Record<string, unknown>)[key], `${at}/${key}`, wrong);
}
