// Laws of canvas over random workflows, up to ten deep: what they give and whom they call, by a model of a few lines; sent or run here,
// as built or as read from their own text; and a pipe may be bracketed as one likes.
import { createHash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { chain, chord, group, revive } from '../../server/canvas/compose.ts';
import type { Signature } from '../../server/canvas/signature.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { cases } from '../support/cases.ts';
import { until } from '../support/until.ts';

/** Put on it by what it is the body of. */
interface Also {
  readonly links?: readonly Link[];
  readonly errors?: readonly string[];
}

/** A workflow as it is drawn. Marks are unique within it. */
type Tree = Also &
  (
    | {
        readonly kind: 'task';
        readonly mark: string;
        readonly fails: boolean;
        readonly immutable: boolean;
        readonly linked: boolean;
      }
    | { readonly kind: 'chain'; readonly mark: string; readonly linked: boolean; readonly parts: readonly Tree[] }
    | { readonly kind: 'group'; readonly mark: string; readonly parts: readonly Tree[] }
    | {
        readonly kind: 'chord';
        readonly mark: string;
        readonly linked: boolean;
        readonly parts: readonly Tree[];
        readonly body: Tree;
      }
  );

interface Outcome {
  /** null: it failed. */
  readonly value: { readonly of: unknown } | null;
  /** Which callbacks and errbacks were called, sorted. */
  readonly calls: readonly string[];
}

const hash = (mark: string, args: readonly unknown[]) =>
  `${mark}:${createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 8)}`;

// -- the model

interface Link {
  readonly mark: string;
  readonly alone: boolean;
}

class Failed extends Error {}

/** What comes of a workflow, said without any canvas. */
function modelOf(tree: Tree): Outcome {
  const calls: string[] = [];
  const attempt = (parts: readonly Tree[], run: (part: Tree, i: number) => unknown): unknown[] => {
    const values: unknown[] = [];
    let failed = false;
    for (const [i, part] of parts.entries()) {
      try {
        const value = run(part, i);
        if (part.kind === 'group') values.push(...(value as unknown[]));
        else values.push(value);
      } catch {
        failed = true;
      }
    }
    if (failed) throw new Failed();
    return values;
  };
  const errorsOf = (node: Tree, inherited: readonly string[]) =>
    isLinked(node)
      ? [...inherited, `${node.mark} error`, ...(node.errors ?? [])]
      : [...inherited, ...(node.errors ?? [])];
  /** Errbacks of what would have run first of it. */
  const ends = (node: Tree, inherited: readonly string[]): string[] => {
    const own = errorsOf(node, inherited);
    const all = (parts: readonly Tree[], errors: readonly string[]) => parts.flatMap((part) => ends(part, errors));
    if (node.kind === 'task') return own;
    if (node.kind === 'group') return all(node.parts, own);
    if (node.kind === 'chord') return [...all(node.parts, []), ...ends(node.body, own)];
    const [first, ...rest] = stepsOf(node.parts);
    if (first!.kind !== 'group' || rest.length === 0) return ends(first!, own);
    return [...ends(first!, []), ...ends({ kind: 'chain', mark: '', linked: false, parts: rest, errors: own }, [])];
  };
  const fail = (node: Tree, errors: readonly string[]): never => {
    // Groups in a group are one: each of their members fails by itself.
    const each = (part: Tree, inherited: readonly string[]) => {
      if (part.kind === 'group') for (const member of part.parts) each(member, errorsOf(part, inherited));
      else calls.push(...new Set(ends(part, inherited)));
    };
    each(node, errors);
    throw new Failed();
  };
  const run = (node: Tree, args: readonly unknown[], links: readonly Link[], errors: readonly string[]): unknown => {
    const own: readonly Link[] = [
      ...links,
      ...(isLinked(node) ? [{ mark: `${node.mark} link`, alone: false }] : []),
      ...(node.links ?? []),
    ];
    const errs = errorsOf(node, errors);
    switch (node.kind) {
      case 'task': {
        if (node.fails) {
          calls.push(...errs);
          throw new Failed();
        }
        const value = hash(node.mark, node.immutable ? [node.mark] : [...args, node.mark]);
        for (const { mark, alone } of own) calls.push(alone ? mark : `${mark} ${value}`);
        return value;
      }
      case 'group':
        // A link of a group is one of its first task, alone.
        return attempt(node.parts, (part, i) =>
          run(part, args, i === 0 ? own.map(({ mark }) => ({ mark, alone: true })) : [], errs),
        );
      case 'chord':
        return run(node.body, [header(node.parts, args, node.body, errs)], own, errs);
      case 'chain': {
        const steps = stepsOf(node.parts);
        let given = args;
        for (const [i, step] of steps.entries()) {
          const next = steps[i + 1];
          if (next && step.kind === 'group') given = [header([step], given, next, errs)];
          else given = [run(step, given, next ? [] : own, errs)];
        }
        return given[0];
      }
    }
  };
  /** Results of a header; when a part failed, what was to get them fails. */
  const header = (
    parts: readonly Tree[],
    args: readonly unknown[],
    body: Tree,
    errors: readonly string[],
  ): unknown[] => {
    try {
      return attempt(parts, (part) => run(part, args, [], []));
    } catch {
      return fail(body, errors);
    }
  };
  try {
    return { value: { of: run(tree, [], [], []) }, calls: calls.sort() };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return { value: null, calls: calls.sort() };
  }
}

function isLinked(tree: Tree): boolean {
  return 'linked' in tree && tree.linked;
}

/** The steps of inner chains in their places; what comes after a chord lengthens its body. */
function stepsOf(parts: readonly Tree[]): Tree[] {
  const all = parts.flatMap((part) => (part.kind === 'chain' ? settled(part) : [part]));
  const at = all.findIndex(({ kind }) => kind === 'chord');
  const found = all[at];
  if (found?.kind !== 'chord' || at === all.length - 1) return all;
  // Its links are on the tasks of its body as it was.
  const mark = isLinked(found) ? [found.mark] : [];
  const links = [...mark.map((one) => ({ mark: `${one} link`, alone: false })), ...(found.links ?? [])];
  const errors = [...mark.map((one) => `${one} error`), ...(found.errors ?? [])];
  const was: Tree = {
    ...found.body,
    links: [...(found.body.links ?? []), ...links],
    errors: [...(found.body.errors ?? []), ...errors],
  };
  const body: Tree = { kind: 'chain', mark: '', linked: false, parts: [was, ...all.slice(at + 1)] };
  return [...all.slice(0, at), { ...found, linked: false, links: [], errors: [], body }];
}

/** Of a chain in a chain: what follows it as a whole is on its steps. */
function settled({ parts, links = [], errors = [] }: Tree & { readonly kind: 'chain' }): Tree[] {
  const steps = stepsOf(parts);
  return steps.map((step, i) => {
    const last = i === steps.length - 1;
    return {
      ...step,
      links: [...(step.links ?? []), ...(last ? links : [])],
      errors: [...(step.errors ?? []), ...(last || step.kind !== 'group' ? errors : [])],
    };
  });
}

// -- the workflows

const leaf = fc.record({
  kind: fc.constant('task' as const),
  fails: fc.integer({ min: 0, max: 11 }).map((n) => n === 0),
  immutable: fc.boolean(),
  linked: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});
type Leaf = typeof leaf extends fc.Arbitrary<infer L> ? L : never;
type Bare = Leaf | { kind: 'chain' | 'group' | 'chord'; linked: boolean; parts: Bare[]; body?: Bare };

const wrap = fc.record({
  as: fc.constantFrom('first', 'last', 'member', 'header', 'body', 'both'),
  beside: leaf,
  linked: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});

/** A spine of up to ten wrappings round one task. */
const trees = fc.tuple(leaf, fc.array(wrap, { maxLength: 10, size: 'max' })).map(([inside, wraps]) => {
  let made: Bare = inside;
  for (const { as, beside, linked } of wraps) {
    const other = { ...beside };
    if (as === 'first') made = { kind: 'chain', linked: false, parts: [made, other] };
    else if (as === 'last') made = { kind: 'chain', linked: false, parts: [other, made] };
    else if (as === 'member') made = { kind: 'group', linked: false, parts: [other, made] };
    else if (as === 'header') made = { kind: 'chord', linked, parts: [made, { ...other, fails: false }], body: other };
    else if (as === 'body') made = { kind: 'chord', linked, parts: [other], body: made };
    else
      made = {
        kind: 'chord',
        linked,
        parts: [{ ...other, linked: true }, made],
        body: { kind: 'group', linked: false, parts: [other, { ...other, immutable: true }] },
      };
  }
  let count = 0;
  const marked = (node: Bare): Tree => {
    const mark = `${node.kind[0]}${count++}`;
    if (node.kind === 'task') return { ...node, mark };
    const { kind, linked } = node;
    const parts = node.parts.map(marked);
    if (kind === 'group') return { kind, mark, parts };
    return kind === 'chain' ? { kind, mark, linked, parts } : { kind, mark, linked, parts, body: marked(node.body!) };
  };
  return marked(made);
});

// -- the apps

class World {
  readonly app: Celery;
  calls: string[] = [];
  constructor(settings: Record<string, unknown>) {
    const url = `memory://${randomUUID()}`;
    this.app = new Celery(
      'laws',
      { broker: url, backend: url, task_acks_late: true, ...settings },
      { env: {}, log: silentLogger },
    );
    const { app } = this;
    app.task('work', (...args: unknown[]) => hash(String(args.at(-1)), args));
    app.task('fail', () => {
      throw new RangeError('no');
    });
    app.task('linked', (...args: unknown[]) => {
      this.calls.push(args.reverse().join(' '));
    });
    app.task('alone', (mark: string) => {
      this.calls.push(mark);
    });
    // Called where the task failed, in front of its own argument.
    app.task('told', (_request: unknown, _error: unknown, _traceback: unknown, mark: string) => {
      this.calls.push(mark);
    });
  }

  build(tree: Tree): Signature {
    const { app } = this;
    const built = this.#bare(tree);
    if (!('linked' in tree) || !tree.linked) return built;
    // As a link of a group it is called alone, without a value before it.
    built.link(app.signature('linked', [`${tree.mark} link`]));
    const mark = `${tree.mark} error`;
    return built.linkError(
      tree.mark.endsWith('1') ? app.signature('alone', [mark], {}, { immutable: true }) : app.signature('told', [mark]),
    );
  }

  #bare(tree: Tree): Signature {
    const all = (parts: readonly Tree[]) => parts.map((part) => this.build(part));
    switch (tree.kind) {
      case 'task':
        return this.app.signature(tree.fails ? 'fail' : 'work', [tree.mark], {}, { immutable: tree.immutable });
      case 'chain':
        return chain(all(tree.parts));
      case 'group':
        return group(all(tree.parts));
      case 'chord':
        return chord(all(tree.parts), this.build(tree.body));
    }
  }

  async outcome(signature: Signature, settled: () => Promise<unknown>): Promise<Outcome> {
    this.calls = [];
    const result = await signature.applyAsync();
    await settled();
    const value = await (result.get({ timeout: 60 }) as Promise<unknown>).then(
      (of) => ({ of }),
      () => null,
    );
    return { value, calls: this.calls.sort() };
  }
}

describe('over random workflows', () => {
  let sent: World;
  let here: World;
  let worker: Worker;
  beforeAll(async () => {
    sent = new World({});
    here = new World({ task_always_eager: true });
    worker = new Worker(sent.app, {
      log: silentLogger,
      withoutGossip: true,
      withoutMingle: true,
      withoutHeartbeat: true,
    });
    await worker.start();
  });
  afterAll(async () => {
    await worker?.stop('cold');
    await sent?.app.close();
    await here?.app.close();
  });

  /** Nothing waits and nothing runs: whatever was to follow has followed, since messages are settled when their tasks are done. */
  const idle = async () => {
    const channel = await sent.app.writeConnection.defaultChannel();
    await until(
      async () => {
        const { messages, unacked } = (await channel.queueStatus('celery'))!;
        return messages === 0 && unacked === 0;
      },
      'all to be done',
      { everyMs: 1 },
    );
  };

  it('sent: each task gets what the model says, and calls its callbacks and errbacks once', async () => {
    await fc.assert(
      fc.asyncProperty(trees, fc.boolean(), async (tree, asText) => {
        const built = sent.build(tree);
        const signature = asText ? revive(JSON.parse(JSON.stringify(built)), sent.app.canvas) : built;
        expect(await sent.outcome(signature, idle)).toEqual(modelOf(tree));
      }),
      { numRuns: cases(100) },
    );
  });

  it('run here: the same', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        expect(await here.outcome(here.build(tree), async () => {})).toEqual(modelOf(tree));
      }),
      { numRuns: cases(100) },
    );
  });

  it('what was read from its text is written as the same text', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const text = JSON.stringify(here.build(tree));
        expect(JSON.stringify(revive(JSON.parse(text), null))).toBe(text);
      }),
      { numRuns: cases(300) },
    );
  });

  it('a pipe may be bracketed as one likes', () => {
    fc.assert(
      fc.property(trees, trees, trees, (a, b, c) => {
        const [x, y, z] = [a, b, c].map((tree) => here.build(tree)) as [Signature, Signature, Signature];
        expect(JSON.stringify(x.clone().pipe(y.clone().pipe(z.clone())))).toBe(JSON.stringify(x.pipe(y).pipe(z)));
      }),
      { numRuns: cases(300) },
    );
  });
});
