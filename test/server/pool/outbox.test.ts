import { expect, it } from 'vitest';
import { hearEach, Outbox } from '../../../server/pool/outbox.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function line() {
  const writes: string[][] = [];
  const unsent: string[] = [];
  const write = (said: string | readonly string[]) => {
    const heard: string[] = [];
    hearEach(said, (one) => heard.push(one));
    if (heard.includes('odd')) throw new Error('it cannot be copied');
    writes.push(heard);
  };
  return { writes, unsent, outbox: new Outbox<string>(write, (one) => unsent.push(one)) };
}

it('writes what is said in a turn at once and in order, also by promises that follow', async () => {
  const { writes, outbox } = line();
  outbox.say('a');
  await Promise.resolve();
  outbox.say('b');
  expect(writes).toEqual([]);
  await turn();
  outbox.say('c');
  outbox.flush();
  outbox.say('d');
  await turn();
  expect(writes).toEqual([['a', 'b'], ['c'], ['d']]);
});

it('holds nothing back for one that cannot be copied, and says which', async () => {
  const { writes, unsent, outbox } = line();
  for (const one of ['a', 'odd', 'b']) outbox.say(one);
  await turn();
  expect([writes, unsent]).toEqual([[['a'], ['b']], ['odd']]);
});
