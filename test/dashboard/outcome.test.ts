// What workers answer to an operation, whatever they answer; and which messages a purge has removed.
import { expect, it } from 'vitest';
import type { Replies } from '../../server/control/control.ts';
import { surelyRemoved } from '../../server/dashboard/operations/on-queues.ts';
import { outcomeOf } from '../../server/dashboard/operations/outcome.ts';
import { createMasking } from '../../shared/masking.ts';

const of = (...replies: unknown[]) => outcomeOf(replies as Replies, ['w1@h'], createMasking(['^shop_code$']));

it('an answer of any shape is a text', () => {
  expect(of({ 'w1@h': { ok: 'pool grew by 1' } })).toMatchObject({
    outcome: 'ok',
    summary: '1 of 1 worker answered: pool grew by 1',
  });
  expect(of({ 'w1@h': { error: { toString: 1 } } })).toMatchObject({
    outcome: 'failed',
    answers: [{ worker: 'w1@h', ok: false, text: '{"toString":1}' }],
  });
  expect(of({ 'w1@h': { ok: { toString: 1 } } }).answers[0]).toMatchObject({ ok: true, text: '{"toString":1}' });
  for (const value of [null, 'yes', 5, [], {}])
    expect(of({ 'w1@h': value }).answers[0]).toMatchObject({ text: 'done' });
});

it('has a length and a number, and no secret', () => {
  const { answers, summary } = of({ 'w1@h': { error: 'x'.repeat(1e6) } });
  expect(answers[0]!.text.length + summary.length).toBeLessThan(10_000);
  expect(of({ ['w'.repeat(5000)]: { ok: 'yes' } }).answers[0]!.worker.length).toBeLessThan(600);
  expect(of(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`w${i}`, null]))).answers.length).toBeLessThan(
    10_010,
  );
  for (const error of ['cannot reach redis://user:hunter2@db/0', { shop_code: 'hunter2' }])
    expect(JSON.stringify(of({ 'w1@h': { error } }))).not.toContain('hunter2');
});

it('of a queue that was read while it was emptied, those at its end were removed: a worker took what was at its head', () => {
  expect(surelyRemoved(['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c']);
  expect(surelyRemoved(['a', 'b', 'c'], 1)).toEqual(['c']);
  expect(surelyRemoved(['a', 'b', 'c'], 0)).toEqual([]);
  expect(surelyRemoved(['a'], 5)).toEqual(['a']);
  const many = Array.from({ length: 1000 }, (_, i) => i);
  expect(surelyRemoved(many, 5000), 'how many were taken of a longer one is unknown').toEqual(many.slice(100));
});
