// Stamps: what a visitor sees, which part gets what, and how stamps of several come together.
import { describe, expect, it } from 'vitest';
import { chain, chord, group } from '../../../server/canvas/compose.ts';
import type { Signature } from '../../../server/canvas/signature.ts';
import type { StampingVisitor } from '../../../server/canvas/stamping.ts';
import { makeApp } from '../../support/world.ts';

const setup = () => {
  const app = makeApp();
  return (name: string) => app.signature(name);
};
const stampsOf = ({ options }: Signature) =>
  Object.fromEntries(((options.stamped_headers ?? []) as string[]).map((name) => [name, options[name]]));

/** Says each of its methods as a stamp, and in which order it was asked. */
function telling() {
  const seen: string[] = [];
  const say = (method: string) => (part: Signature) => {
    seen.push(`${method} ${part.task}`);
    return { [method]: true };
  };
  const visitor: StampingVisitor = {
    onSignature: say('onSignature'),
    onGroupStart: say('onGroupStart'),
    onGroupEnd: say('onGroupEnd'),
    onChainStart: say('onChainStart'),
    onChainEnd: say('onChainEnd'),
    onChordHeaderStart: say('onChordHeaderStart'),
    onChordHeaderEnd: say('onChordHeaderEnd'),
    onChordBody: say('onChordBody'),
    onCallback: say('onCallback'),
    onErrback: say('onErrback'),
  };
  return { visitor, seen };
}

describe('a visitor', () => {
  it('sees every part, from outside in, and what it says of a whole is on all within it', () => {
    const s = setup();
    const { visitor, seen } = telling();
    const parts = { a: s('a'), b: s('b'), c: s('c'), body: s('body'), link: s('link'), errback: s('errback') };
    parts.c.link(parts.link).linkError(parts.errback);
    chain(parts.a, chord([group(parts.b, parts.c)], parts.body)).stamp(visitor);
    expect(seen).toEqual([
      'onChainStart celery.chain',
      'onSignature a',
      'onChordHeaderStart celery.chord',
      'onGroupStart celery.group',
      'onSignature b',
      'onCallback link',
      'onSignature link',
      'onErrback errback',
      'onSignature errback',
      'onSignature c',
      'onGroupEnd celery.group',
      'onChordHeaderEnd celery.chord',
      'onChordBody celery.chord',
      'onSignature body',
      'onChainEnd celery.chain',
    ]);
    const [chained, header] = [
      { onChainStart: true, onSignature: true },
      { onChordHeaderStart: true, onGroupStart: true },
    ];
    expect(stampsOf(parts.a)).toEqual(chained);
    expect(stampsOf(parts.b)).toEqual({ ...chained, ...header });
    expect(stampsOf(parts.body)).toEqual({ ...chained, onChordHeaderStart: true, onChordBody: true });
    expect(stampsOf(parts.link)).toEqual({ ...chained, ...header, onCallback: true });
    expect(stampsOf(parts.errback)).toEqual({ ...chained, ...header, onErrback: true });
  });

  it('without methods for chords is asked about their headers as groups', () => {
    const s = setup();
    const seen: string[] = [];
    const visitor: StampingVisitor = {
      onSignature: () => null,
      onGroupStart: (header) => {
        seen.push(`start of ${header.tasks.length}`);
        return { part: 1 };
      },
      onGroupEnd: (header) => {
        seen.push(`end of ${header.tasks.length}`);
      },
    };
    const [a, b] = [s('a'), s('b')];
    chord([a, b], s('body')).stamp(visitor);
    expect(seen).toEqual(['start of 2', 'end of 2']);
    expect([stampsOf(a), stampsOf(b)]).toEqual([{ part: 1 }, { part: 1 }]);
  });

  it('is given the stamps from around', () => {
    const s = setup();
    const given: unknown[] = [];
    const visitor: StampingVisitor = { onSignature: (_, headers) => void given.push(headers.customer) };
    chain(s('a'), s('b')).stamp(visitor, { customer: 'acme' });
    expect(given).toEqual(['acme', 'acme']);
  });

  it('may say which of its words are stamps', () => {
    const s = setup();
    const a = s('a').stamp({ onSignature: () => ({ header: 1, other: 2, stamped_headers: ['header'] }) });
    expect(stampsOf(a)).toEqual({ header: 1 });
  });
});

describe('stamps', () => {
  it('without a visitor are on every part, the body too', () => {
    const s = setup();
    const [a, body] = [s('a'), s('body')];
    chord([a], body).stamp(null, { customer: 'acme' });
    expect([stampsOf(a), stampsOf(body)]).toEqual([{ customer: 'acme' }, { customer: 'acme' }]);
  });

  it('said again take the place of the first, or both stand in a list', () => {
    const s = setup();
    const again = (append_stamps: boolean) =>
      stampsOf(s('a').stamp(null, { a: 1, only: 'x' }).stamp(null, { a: 2 }, { append_stamps }));
    expect(again(false)).toEqual({ a: 2, only: 'x' });
    expect(again(true)).toEqual({ a: [2, 1], only: 'x' });
  });

  it('of a signature stay, whatever a call says', () => {
    const s = setup();
    const merged = s('a')
      .stamp(null, { a: 1 })
      .merge([], {}, { stamped_headers: ['a', 'b'], a: 2, b: 2 });
    expect(merged.options).toMatchObject({ stamped_headers: ['a'], a: 1 });
  });

  it('may not be called as a call option is', () => {
    const s = setup();
    expect(() => s('a').stamp(null, { queue: 'x' })).toThrow(/cannot be called 'queue'/);
    expect(() => s('a').stamp({ onSignature: () => ({ priority: 1 }) })).toThrow(/cannot be called 'priority'/);
  });

  it('come behind a visitor', () => {
    const s = setup();
    expect(() => s('a').stamp({ customer: 'acme' } as never)).toThrow(/stamp\(null, \{ customer/);
  });
});
