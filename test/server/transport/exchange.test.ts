import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchange } from '../../../server/transport/entity.ts';
import { RoutingTable, topicMatches } from '../../../server/transport/virtual/exchange.ts';
import { cases } from '../../support/cases.ts';

/** The slow and certain way: every way the words of a pattern can be spread over the words of a key. */
function certainly(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return certainly(rest, words) || (words.length > 0 && certainly(pattern, words.slice(1)));
  return words.length > 0 && (first === '*' || first === words[0]) && certainly(rest, words.slice(1));
}

describe('topic patterns', () => {
  it.each([
    ['task.#', 'task', true],
    ['task.#', 'task.a.b', true],
    ['task.*', 'task', false],
    ['*.b', 'a.b', true],
    ['#', '', true],
    ['a.#.z', 'a.z', true],
    ['a.#.z', 'a.b.c.z', true],
    ['a.#.z', 'a.b', false],
    ['worker.*', 'worker.online.x', false],
    ['a.b+', 'a.bb', false],
  ])('%s and %s: %s', (pattern, key, expected) => {
    expect(topicMatches(pattern, key)).toBe(expected);
  });

  it('match what trying every way would match', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '#'), { minLength: 1, maxLength: 6 });
    const words = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pattern, words, (p, w) => topicMatches(p.join('.'), w.join('.')) === certainly(p, w)),
      { numRuns: cases(5000) },
    );
  });
});

describe('a routing table', () => {
  it('forgets what it remembered of a key when bindings change', () => {
    const table = new RoutingTable();
    table.declare(exchange('e', 'topic'));
    expect(table.route('e', 'a.b')).toEqual([]);
    table.bind('q', 'e', 'a.*');
    expect(table.route('e', 'a.b')).toEqual(['q']);
    table.unbindQueue('q');
    expect(table.route('e', 'a.b')).toEqual([]);
  });

  it('deletes an auto-delete exchange with its last binding', () => {
    const table = new RoutingTable();
    table.declare(exchange('e', 'fanout', { autoDelete: true }));
    table.bind('p', 'e', '');
    table.bind('q', 'e', '');
    expect(table.unbindQueue('p')).toEqual([]);
    expect(table.unbindQueue('q')).toEqual(['e']);
    expect(table.has('e')).toBe(false);
  });

  it('refuses to bind to an exchange nobody declared', () => {
    expect(() => new RoutingTable().bind('q', 'nowhere', 'k')).toThrow(/NOT_FOUND/);
  });
});
