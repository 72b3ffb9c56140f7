// A query against rows: the meaning that the page and the server share.
import { describe, expect, it } from 'vitest';
import { etaSeconds, matchesQuery } from '../../../shared/query/match.ts';
import { parseQuery } from '../../../shared/query/parser.ts';
import type { QueryRow } from '../../../shared/query/tree.ts';

const nowS = Date.UTC(2026, 2, 4, 10, 30) / 1000;
const row: QueryRow = {
  uuid: '4f3a9c1e-0000-4000-8000-0123456789ab',
  name: 'shop.orders.Charge_Card',
  state: 'FAILURE',
  worker: 'celery@w1',
  queue: 'payments',
  args: '(7, 50%)',
  kwargs: "{'order_id': 7, 'who': 'Ann', 'last': 'x'}",
  result: null,
  exception: "ValueError('card\\_declined')",
  runtime: 1.5,
  retries: 2,
  received: nowS - 600,
  started: null,
  sent: nowS - 601.5,
  eta: '2026-03-04T11:00:00.250000+00:00',
  root_id: 'root-1',
  parent_id: null,
};
function matches(text: string): boolean {
  const parsed = parseQuery(text, { nowS });
  if (!parsed.ok) throw new Error(parsed.message);
  return matchesQuery(parsed.tree, row);
}

describe('a row matches', () => {
  it.each([
    '',
    'charge_card',
    'CARD',
    '4f3a',
    'orders*card',
    '"(7, 50%)"',
    'name:charge',
    'name:shop.*',
    'name:*card',
    'name:s*o*card',
    'name:/^shop\\..*card$/',
    'state:failure',
    'state:SUCCESS,FAILURE',
    'worker:w1 queue:pay',
    'kwargs:order_id=7',
    'kwargs:who=ann',
    'kwargs:last=x',
    'exception:ValueError',
    'exception:"card\\\\_"',
    'id:4F3A9C1E-0000-4000-8000-0123456789AB',
    'id:4f3a*',
    'root:root-1',
    'runtime>1s runtime<=1.5s',
    'runtime:1.5s',
    'runtime:1..2s',
    'retries:2',
    'retries>=2',
    'received>-15m received<now',
    'eta<+1h',
    'eta>=2026-03-04T11:00Z',
    '-started:*',
    '-result:x',
    '-parent:*',
    'eta:*',
    'state:SUCCESS OR queue:payments',
    'NOT (state:SUCCESS OR queue:mail)',
  ])('%s', (text) => expect(matches(text)).toBe(true));
});

describe('a row does not match', () => {
  it.each([
    'payments',
    'state:FAIL',
    'id:4f3a',
    'name:orders*',
    'name:shop*shop*card',
    'kwargs:order_id=70',
    'kwargs:id=7',
    'kwargs:who=An',
    'args:50_',
    'exception:card?declined',
    'started>2000-01-01',
    'started<now',
    'result:*',
    'result:/./',
    'runtime>1.5s',
    'retries<2',
    'received<-15m',
    '-state:failure',
    'charge queue:mail',
  ])('%s', (text) => expect(matches(text)).toBe(false));
});

describe('eta', () => {
  it('is read with, without and with a short offset, and is null when it cannot be', () => {
    expect(etaSeconds('2026-03-04T11:00:00.250000+00:00')).toBe(Date.UTC(2026, 2, 4, 11) / 1000 + 0.25);
    expect(etaSeconds('2026-03-04 11:00:00')).toBe(Date.UTC(2026, 2, 4, 11) / 1000);
    expect(etaSeconds('2026-03-04T11:00:00+0200')).toBe(Date.UTC(2026, 2, 4, 9) / 1000);
    expect(etaSeconds('soon')).toBeNull();
    expect(etaSeconds(null)).toBeNull();
  });
});
