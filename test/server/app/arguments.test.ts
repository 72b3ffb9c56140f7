// Keyword arguments in the places of a function: as Python binds them (recorded from it), and as TypeScript writes them.
import { describe, expect, it } from 'vitest';
import { bindArguments, parametersOf } from '../../../server/app/arguments.ts';
import { kwargs } from '../../../server/canvas/keywords.ts';
import golden from '../../golden/arguments.json' with { type: 'json' };
import { makeApp } from '../../support/world.ts';

interface Case {
  readonly python: string;
  readonly params: readonly string[];
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** The function's locals, when it could be called. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

const CASES = golden.cases as readonly Case[];

/** What a function with these parameters would have in them, by name. */
function localsOf(params: readonly string[], bound: readonly unknown[]): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  const star = params.findIndex((one) => one === '*' || one.startsWith('...'));
  const listed = (star < 0 ? params : params.slice(0, star)).filter((one) => !one.startsWith('**'));
  for (const [i, name] of listed.entries()) all[name.replace('?', '')] = bound[i] ?? null;
  const only = star < 0 ? [] : params.slice(star + 1).filter((one) => !one.startsWith('**'));
  const takesObject = only.length > 0 || params.some((one) => one.startsWith('**'));
  const { ...further } = takesObject ? (bound[listed.length] as Record<string, unknown>) : {};
  for (const name of only.map((one) => one.replace('?', ''))) {
    all[name] = further[name] ?? null;
    delete further[name];
  }
  for (const one of params) {
    if (one.startsWith('...')) all[one.slice(3)] = bound.slice(listed.length + (takesObject ? 1 : 0));
    if (one.startsWith('**')) all[one.slice(2)] = further;
  }
  return all;
}

describe('arguments of a call', () => {
  it.each([...new Set(CASES.map((one) => one.python))])(
    'are put in their places as Python puts them, or refused in its words: def f(%s)',
    (signature) => {
      const cases = CASES.filter((one) => one.python === signature);
      for (const { params, args, kwargs, values, error } of cases) {
        const bind = () => bindArguments('proj.f', parametersOf(params, { length: params.length }), args, kwargs);
        if (values === undefined) expect(bind, JSON.stringify({ args, kwargs })).toThrow(new TypeError(error));
        else expect(localsOf(params, bind()), JSON.stringify({ args, kwargs })).toEqual(values);
      }
    },
  );

  describe('by keyword alone', () => {
    const setUp = () => {
      const app = makeApp({ settings: { task_always_eager: true } });
      const resize = app.task(
        { name: 'resize', params: ['path', '*', 'width', 'height?', '**more'] },
        (
          path: string,
          { width, height = 1, ...more }: { width: number; height?: number; [more: string]: unknown },
        ) => ({
          path,
          size: [width, height],
          more,
        }),
      );
      return { app, resize };
    };

    it('are one object for the function, and keyword arguments in the message', async () => {
      const { app, resize } = setUp();
      const wanted = { path: 'a.jpg', size: [640, 1], more: { dpi: 72 } };
      const object = { width: 640, height: undefined, dpi: 72 };
      expect(await (await resize.delay('a.jpg', object)).get()).toEqual(wanted);
      expect(await (await resize.apply(['a.jpg', object])).get()).toEqual(wanted);
      expect(await (await resize.applyAsync(['a.jpg'], { width: 640, dpi: 72 })).get()).toEqual(wanted);
      expect(await (await app.signature('resize', ['a.jpg'], { width: 640, dpi: 72 }).applyAsync()).get()).toEqual(
        wanted,
      );
      const call = { args: ['a.jpg'], kwargs: { width: 640, dpi: 72 } };
      expect(resize.s('a.jpg', object)).toMatchObject(call);
      expect(resize.si('a.jpg', object)).toMatchObject(call);
      expect(resize.s('a.jpg', kwargs({ width: 640, dpi: 72 }))).toMatchObject(call);
      expect(resize.signature(['a.jpg', object])).toMatchObject(call);
      expect(resize.with({ priority: 1 }).s('a.jpg', object)).toMatchObject(call);
      // What comes first is given later.
      expect(resize.s({ width: 640 })).toMatchObject({ args: [], kwargs: { width: 640 } });
    });

    it('that are missing or unknown are refused where the task is sent', async () => {
      const { app, resize } = setUp();
      await expect(resize.delay('a.jpg', { height: 2 } as never)).rejects.toThrow(
        "resize() missing 1 required keyword-only argument: 'width'",
      );
      const strict = app.task({ name: 'strict', params: ['*', 'width'] }, ({ width }: { width: number }) => width);
      await expect(strict.delay({ width: 1, dpi: 2 } as never)).rejects.toThrow(
        "strict() got an unexpected keyword argument 'dpi'",
      );
    });

    it('stand before the rest, since a rest comes last', async () => {
      const { app } = setUp();
      const join = app.task(
        { name: 'join', params: ['first', '...rest', 'by?'] },
        (first: string, { by = '-' }: { by?: string }, ...rest: string[]) => [first, ...rest].join(by),
      );
      expect(await (await join.delay('a', { by: '+' }, 'b', 'c')).get()).toBe('a+b+c');
      expect(await (await app.signature('join', ['a', 'b', 'c'], { by: '+' }).applyAsync()).get()).toBe('a+b+c');
      expect(await (await app.signature('join', ['a', 'b']).applyAsync()).get()).toBe('a-b');
      expect(join.s('a', { by: '+' }, 'b')).toMatchObject({ args: ['a', 'b'], kwargs: { by: '+' } });
    });
  });

  it.each([
    [['*']],
    [['a', '*']],
    [['**more', 'a']],
    [['*', 'a', '...b']],
    [['*', '**a']],
    [['a?', 'b', '*', 'c']],
    [['a', '*', 'a']],
  ])('cannot be named %j', (params) => {
    expect(() => makeApp().task({ name: 'x', params }, () => 1)).toThrow(/params must be a list of different names/);
  });
  it.each([[['a?', '*', 'b?', 'c']], [['...a', 'b', '**c']], [['**c']]])('may be named %j', (params) => {
    expect(makeApp().task({ name: 'x', params }, () => 1).options.params).toEqual(params);
  });
});
