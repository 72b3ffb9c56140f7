// Whether an automation acts on a fact, and what it does then.
// Not here: doing it (automations.ts), what a fact is (fact.ts), where automations are kept (automation-book.ts).
// Holds: pure but for the memories it is handed; the same is not done twice within the cooldown, and a task and all that was sent again in
// its place count as the same: what an automation has done sets it off no further than `retries`.
import { fnmatchSource } from '../../../shared/fnmatch.ts';
import { compileRegex } from '../../../shared/query/regex.ts';
import { type AutomatedRequest, type AutomationRequest, FACTS } from '../../../shared/wire/automations.ts';
import { OperationRequest } from '../../../shared/wire/operations.ts';
import { wrongBody } from '../routes/body.ts';
import type { Fact } from './fact.ts';
import type { Lineage } from './lineage.ts';

/** @unit seconds */
const HOUR = 3600;

/** What is remembered of one automation: when it did what, and the facts that are counted. Instants in seconds since the epoch. */
export class Pace {
  #acts: { readonly at: number; readonly key: string }[] = [];
  readonly #counted = new Map<string, number[]>();

  note(at: number, key: string): void {
    this.#acts.push({ at, key });
  }

  lastHour(now: number): number {
    return this.#acts.filter(({ at }) => now - at < HOUR).length;
  }

  get last(): number | null {
    return this.#acts.at(-1)?.at ?? null;
  }

  isCooling(key: string, cooldown: number, now: number): boolean {
    this.#acts = this.#acts.filter(({ at }) => now - at < Math.max(HOUR, cooldown));
    return this.#acts.some((act) => act.key === key && now - act.at < cooldown);
  }

  /** @returns whether there were so many of this name within so many seconds, this one too */
  count(name: string, least: number, within: number, now: number): boolean {
    const times = (this.#counted.get(name) ?? []).filter((at) => now - at < within);
    times.push(now);
    this.#counted.delete(name);
    this.#counted.set(name, times.slice(-least));
    if (this.#counted.size > MAX_COUNTED) this.#counted.delete(this.#counted.keys().next().value!);
    return times.length >= least;
  }
}
/** Names of tasks that are counted for one automation. */
const MAX_COUNTED = 1000;

/** What it does, under which key it is remembered; or why it leaves it out. null: the fact is none of its. */
export interface Decided {
  readonly request: AutomatedRequest;
  readonly key: string;
}
export type Decision = Decided | { readonly left: string } | null;

/** It acts: what it does now is remembered. @param lineage null: it is not done, and sends nothing again */
export function noted({ request, key }: Decided, at: number, pace: Pace, lineage: Lineage | null): void {
  pace.note(at, key);
  if (request.action === 'retry') for (const id of request.task_ids) lineage?.sentAgain(id, at);
}

export function decide(spec: AutomationRequest, fact: Fact, pace: Pace, lineage: Lineage): Decision {
  if (!isAbout(spec, fact)) return null;
  const { least, within = 60 } = spec.if;
  if (least !== undefined && fact.task !== undefined && !pace.count(fact.task, least, within * 60, fact.at))
    return null;
  if (fact.task_id !== undefined && fact.again_of !== undefined) lineage.belongs(fact.task_id, fact.again_of);
  const request = filled(spec.do, fact);
  if (typeof request === 'string') return { left: request };
  const key = keyOf(request, lineage);
  if (request.action === 'retry') {
    const lines = request.task_ids.map((id) => lineage.of(id));
    if (lines.some(({ retries }) => retries >= spec.retries))
      return { left: 'It was sent again by automations as often as it may be.' };
    if (lines.some(({ last }) => last !== null && fact.at - last < spec.cooldown)) return { left: COOLING };
  }
  if (pace.isCooling(key, spec.cooldown, fact.at)) return { left: COOLING };
  if (pace.lastHour(fact.at) >= spec.max_per_hour) return { left: 'It has acted as often as it may within an hour.' };
  return { request, key };
}
const COOLING = 'The same was done within its cooldown.';

/** When and if. */
function isAbout({ when, if: only }: AutomationRequest, fact: Fact): boolean {
  if (when.on !== fact.on || !isWithin(only, fact.at)) return false;
  if (!fits(only.queue, fact.queue) || !fits(only.worker, fact.worker)) return false;
  switch (when.on) {
    case 'task-failed':
      return fits(when.task, fact.task) && fits(when.exception, fact.exception);
    case 'worker-offline':
      return fits(when.worker, fact.worker);
    default:
      return when.rule === fact.rule && fits(when.subject, fact.subject);
  }
}

function isWithin({ from, until }: AutomationRequest['if'], at: number): boolean {
  if (from === undefined && until === undefined) return true;
  const clock = new Date(at * 1000).toISOString().slice(11, 16);
  const [begin, end] = [from ?? '00:00', until ?? '24:00'];
  return begin <= end ? begin <= clock && clock < end : begin <= clock || clock < end;
}

const tests = new Map<string, (value: string) => boolean>();

/** By an engine that counts its steps: a pattern of many stars cannot hold up the dashboard. */
function fits(pattern: string | undefined, name: string | undefined): boolean {
  if (pattern === undefined || pattern === '*') return true;
  if (name === undefined) return false;
  let test = tests.get(pattern);
  if (test === undefined) {
    if (tests.size > 1000) tests.clear();
    test = compileRegex(fnmatchSource(pattern), { ignoreCase: false });
    tests.set(pattern, test);
  }
  try {
    return test(name.slice(0, 1024));
  } catch {
    return false;
  }
}

const PLACE = /\{(\w+)\}/g;

/** With what happened in its places. @returns a text: why it cannot be */
export function filled(request: AutomatedRequest, fact: Fact): AutomatedRequest | string {
  let missing: string | null = null;
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'string') return value;
    return value.replace(PLACE, (_, name: string) => {
      const known = fact[name as keyof Fact];
      if (known === undefined) missing = name;
      return String(known ?? '');
    });
  };
  const whole = Object.fromEntries(Object.entries(request).map(([key, value]) => [key, fill(value)]));
  if (missing !== null) return `Its ${missing} is not known, which the operation names.`;
  // What came from a worker is no better than what comes from a page.
  const wrong = wrongBody(OperationRequest, whole);
  return wrong === null ? (whole as AutomatedRequest) : wrong.detail;
}

/** Names in its places that this kind of fact does not have, the first of them; null: there are none. */
export function unknownPlace({ when, do: request }: AutomationRequest): string | null {
  const known = FACTS[when.on];
  const texts = JSON.stringify(request).matchAll(PLACE);
  return [...texts].map(([, name]) => name!).find((name) => !known.includes(name)) ?? null;
}

function keyOf(request: AutomatedRequest, lineage: Lineage): string {
  if (request.action !== 'retry') return JSON.stringify(request);
  return JSON.stringify({ ...request, task_ids: request.task_ids.map((id) => lineage.of(id).origin) });
}
