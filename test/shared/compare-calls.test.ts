// What differs between a task that failed and one that succeeded, and which difference tells. Product: shared/compare-calls.ts.
import { describe, expect, it } from 'vitest';
import { differencesOf, fieldsOf } from '../../shared/compare-calls.ts';
import type { TaskRow } from '../../shared/wire/tasks.ts';

const row = (change: Partial<TaskRow>): TaskRow =>
  ({
    uuid: 'u',
    name: 'shop.charge',
    args: '()',
    kwargs: '{}',
    worker: 'w1',
    queue: 'mail',
    retries: 0,
    ...change,
  }) as TaskRow;
const many = (n: number, kwargs: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => row({ uuid: String(i), kwargs: kwargs(i) }));

describe('a task beside one that succeeded', () => {
  it('has each argument under its own name, however deep, and what cannot be read as the text it is', () => {
    const fields = fieldsOf(
      row({ args: "(7, ['a'], {'k': (1,)})", kwargs: "{'customer': {'id': 3, 'vat_id': None}, 'items': []}" }),
    );
    expect(Object.fromEntries(fields)).toEqual({
      'args[0]': '7',
      'args[1][0]': "'a'",
      'args[2].k[0]': '1',
      'customer.id': '3',
      'customer.vat_id': 'None',
      items: '[]',
      worker: 'w1',
      queue: 'mail',
      retries: '0',
    });
    expect(fieldsOf(row({ args: "(1, 'cut of..." })).get('args')).toBe("(1, 'cut of...");
    expect(fieldsOf(row({ kwargs: `{'text': '${'x'.repeat(5000)}'}` })).get('text')!.length).toBeLessThan(210);
    const wide = `(${Array.from({ length: 5000 }, (_, i) => i).join(', ')})`;
    expect(fieldsOf(row({ args: wide })).size).toBeLessThanOrEqual(200);
  });

  it('differs in what is not equal alone, and what tells stands first: in the failures, and not in the successes', () => {
    const failures = many(10, (i) => `{'amount': ${i}, 'currency': 'EUR'}`);
    const successes = many(10, (i) => `{'amount': ${100 + i}, 'currency': '${i < 5 ? 'EUR' : 'CHF'}'}`);
    const { differences, same } = differencesOf(failures[3]!, successes[9]!, failures, successes);
    expect(differences).toEqual([
      { name: 'currency', here: "'EUR'", there: "'CHF'", in_failures: 10, in_successes: 5, telling: true },
      { name: 'amount', here: '3', there: '109', in_failures: 1, in_successes: 0, telling: false },
    ]);
    expect(same).toBe(3);
  });

  it('says of a value that most successes have, too, or of too few tasks, that it tells nothing', () => {
    const failures = many(10, () => "{'currency': 'EUR'}");
    const successes = many(10, (i) => `{'currency': '${i < 7 ? 'EUR' : 'CHF'}'}`);
    const telling = (failed: TaskRow[], succeeded: TaskRow[]) =>
      differencesOf(failures[0]!, successes[9]!, failed, succeeded).differences.map((one) => one.telling);
    expect(telling(failures, successes)).toEqual([false]);
    expect(telling(failures.slice(0, 4), successes.slice(7))).toEqual([false]);
  });

  it('names what only one of them has', () => {
    const { differences } = differencesOf(row({ kwargs: "{'a': 1}" }), row({ worker: null }), [], []);
    expect(differences.map(({ name, here, there }) => [name, here, there])).toEqual([
      ['a', '1', null],
      ['worker', 'w1', null],
    ]);
  });
});
