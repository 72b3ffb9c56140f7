// A store that goes and comes back, as the log tells it.
import { expect, it } from 'vitest';
import { Outage } from '../../../server/backends/outage.ts';
import { createLogger } from '../../../server/log.ts';
import { ManualTimer } from '../../support/clock.ts';

function world() {
  const lines: string[] = [];
  const log = createLogger({ color: false, write: (line) => lines.push(line.replace(/^\[.*?\] /, '')) });
  const timer = new ManualTimer();
  return { outage: new Outage('db+x://h/d', log, timer), timer, lines };
}

const AWAY = 'The result store db+x://h/d is away (refused): results wait until it is back.';
const BACK = 'The result store db+x://h/d is back.';

it('is told once, also when one connection still works while others fail', () => {
  const { outage, timer, lines } = world();
  outage.ended();
  timer.advance(5000);
  expect(lines).toEqual([]);
  for (let n = 0; n < 3; n++) {
    outage.began(new Error('refused'));
    timer.advance(400);
    outage.ended();
    timer.advance(400);
  }
  expect(lines).toEqual([AWAY]);
  // The first success counts, whatever works after it.
  outage.ended();
  timer.advance(600);
  expect(lines).toEqual([AWAY, BACK]);
  outage.began(new Error('refused'));
  expect(lines).toEqual([AWAY, BACK, AWAY]);
});

it('says nothing after its store was closed', () => {
  const { outage, timer, lines } = world();
  outage.began(new Error('refused'));
  outage.ended();
  outage.close();
  timer.advance(5000);
  expect(lines).toEqual([AWAY]);
});
