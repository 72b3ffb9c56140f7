// Bootsteps: the parts a worker and its consumer are made of, the order they start in, and their stop in reverse.
// Not here: the steps themselves (worker.ts, consumer/).
// Holds: a step starts after everything it requires and stops before it; a start that fails stops what was started before.
// Celery 5.6: bootsteps.py
//
// A blueprint: idle > starting > running > stopping > idle ... A consumer's goes round once per connection.
import { ImproperlyConfigured } from '../errors.ts';

/**
 * One part. Extend it and add the class to `app.steps.worker` or `app.steps.consumer` before there is a worker.
 * The constructor runs once per worker; `start` and `stop` of a consumer step run once per connection.
 */
export class Bootstep<P> {
  /** Its name in `requires`, in logs and reports; the class's name when not given. */
  static label?: string;
  /** Steps that must run before it, by class or by name. */
  static requires: readonly (string | StepClass<never>)[] = [];
  /** After all others. */
  static last = false;
  /** False: constructed, and left out. Decide in the constructor. */
  enabled = true;
  // biome-ignore lint/complexity/noUselessConstructor: it is the signature that steps share
  constructor(_parent: P, _options: Readonly<Record<string, unknown>>) {}
  start(_parent: P): void | Promise<void> {}
  stop(_parent: P): void | Promise<void> {}
  /** Stop without regard; `stop` when not given. */
  terminate(parent: P): void | Promise<void> {
    return this.stop(parent);
  }
  /** What `inspect stats` shows of it. */
  info(_parent: P): Record<string, unknown> {
    return {};
  }
}

export interface StepClass<P> {
  readonly label?: string;
  readonly name: string;
  readonly requires?: readonly (string | StepClass<never>)[];
  readonly last?: boolean;
  new (parent: P, options: Readonly<Record<string, unknown>>): Pick<Bootstep<P>, 'start'> & Partial<Bootstep<P>>;
}

export interface BlueprintNode {
  readonly name: string;
  readonly requires: readonly string[];
}

type Step<P> = Pick<Bootstep<P>, 'start'> & Partial<Bootstep<P>>;

function stepName(step: string | Pick<StepClass<never>, 'label' | 'name'>): string {
  // 'celery.worker.components:Pool' is 'Pool'.
  if (typeof step === 'string') return step.slice(Math.max(step.lastIndexOf(':'), step.lastIndexOf('.')) + 1);
  return step.label ?? step.name;
}

export class Blueprint<P> {
  readonly name: string;
  readonly #steps: { readonly name: string; readonly step: Step<P>; readonly requires: readonly string[] }[] = [];
  #started: { readonly name: string; readonly step: Step<P> }[] = [];

  constructor(
    name: string,
    classes: Iterable<StepClass<P>>,
    parent: P,
    options: Readonly<Record<string, unknown>> = {},
  ) {
    this.name = name;
    for (const Class of inOrder(name, [...classes])) {
      const step = new Class(parent, options);
      if (step.enabled === false) continue;
      const requires = [...new Set((Class.requires ?? []).map(stepName))];
      this.#steps.push({ name: stepName(Class), step, requires: Class.last ? [...this.names] : requires });
    }
  }

  /** In the order they start. */
  get names(): string[] {
    return this.#steps.map((s) => s.name);
  }

  /** The same, each with what must have started before it: those it requires, or for a last one all. */
  get graph(): BlueprintNode[] {
    return this.#steps.map(({ name, requires }) => ({ name, requires }));
  }

  get<S>(name: string): S | undefined {
    return this.#steps.find((s) => s.name === name)?.step as S | undefined;
  }

  async start(parent: P): Promise<void> {
    for (const entry of this.#steps) {
      // Counted as started before it has: a half-started step is stopped too.
      this.#started.push(entry);
      await entry.step.start(parent);
    }
  }

  /** In reverse. Every step is stopped, whatever the others throw; the first error is thrown at the end. */
  async stop(parent: P, how: 'stop' | 'terminate' = 'stop'): Promise<void> {
    const started = this.#started;
    this.#started = [];
    let failed: { error: unknown } | undefined;
    for (const { step } of started.reverse()) {
      try {
        await (how === 'terminate' && step.terminate ? step.terminate(parent) : step.stop?.(parent));
      } catch (error) {
        failed ??= { error };
      }
    }
    if (failed) throw failed.error;
  }

  info(parent: P): Record<string, unknown> {
    return Object.assign({}, ...this.#started.map(({ step }) => step.info?.(parent) ?? {}));
  }
}

/** Requirements first; else as given; those marked `last` at the end. */
export function inOrder<P>(blueprint: string, classes: readonly StepClass<P>[]): StepClass<P>[] {
  const byName = new Map(classes.map((c) => [stepName(c), c]));
  const ordered: StepClass<P>[] = [];
  const marks = new Map<string, 'open' | 'done'>();
  const visit = (name: string, path: readonly string[]): void => {
    const mark = marks.get(name);
    if (mark === 'done') return;
    if (mark === 'open') {
      throw new ImproperlyConfigured(`The steps of ${blueprint} require one another: ${[...path, name].join(' > ')}.`);
    }
    const step = byName.get(name);
    if (!step) {
      const wanting = path.at(-1);
      throw new ImproperlyConfigured(
        `The step ${wanting} of ${blueprint} requires '${name}', which is not there. Steps: ${[...byName.keys()].join(', ')}.`,
      );
    }
    marks.set(name, 'open');
    for (const required of step.requires ?? []) visit(stepName(required), [...path, name]);
    marks.set(name, 'done');
    ordered.push(step);
  };
  const last = classes.filter((c) => c.last);
  for (const step of classes) if (!step.last) visit(stepName(step), []);
  for (const step of last) visit(stepName(step), []);
  return ordered;
}
