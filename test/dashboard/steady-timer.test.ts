// What a part of the dashboard throws in its round ends neither the round nor the process. Product: server/dashboard/steady-timer.ts.
import { expect, it } from 'vitest';
import { steadyTimer } from '../../server/dashboard/steady-timer.ts';
import { createLogger } from '../../server/log.ts';
import { ManualTimer } from '../support/clock.ts';

it('goes on with every round, and tells of the same error once in five minutes', () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'ERROR', color: false, write: (line) => lines.push(line) });
  const manual = new ManualTimer();
  const timer = steadyTimer(manual, log);
  let rounds = 0;
  const handle = timer.every(1000, () => {
    rounds++;
    throw new URIError('URI malformed');
  });
  manual.advance(60_000);
  expect(rounds).toBe(60);
  expect(lines).toEqual([expect.stringContaining('URI malformed')]);
  manual.advance(300_000);
  expect(lines).toHaveLength(2);
  handle.cancel();
  expect(timer.size).toBe(0);
});
