// A server that tests start and that does not come up: a second one, tried in its place, must not meet it.
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { whenUp } from './server-process.ts';

const said = () => 'no port';

it('one that takes too long is gone before another is tried, one that ends is told of by what it said', async () => {
  const slow = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
  await expect(whenUp(slow, () => false, { what: 'a server', said, startMs: 100 })).rejects.toThrow('waited 100 ms');
  expect(() => process.kill(slow.pid!, 0)).toThrow('ESRCH');
  const ends = spawn('sh', ['-c', 'exit 3'], { stdio: 'ignore' });
  await expect(whenUp(ends, () => false, { what: 'a server', said })).rejects.toThrow('a server ended: no port');
});
