// The rule of an election, among workers that hear everything in one order but each in its own time.
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../server/log.ts';
import { Elections } from '../../../server/worker/consumer/election.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { ManualTimer } from '../../support/clock.ts';

interface Node {
  readonly hostname: string;
  readonly elections: Elections;
  clock: number;
  /** How far it has read. */
  at: number;
}

/** The broker's order of things, and who has read how far. 'election' is the request itself. */
function cluster(names: readonly string[], clocks: readonly number[] = names.map(() => 0)) {
  const timer = new ManualTimer();
  const received: CeleryEvent[] = [];
  const won: string[] = [];
  const nodes: Node[] = names.map((hostname, i) => {
    const node: Node = {
      hostname,
      clock: clocks[i]!,
      at: 0,
      elections: new Elections({
        hostname,
        id: `${hostname}.1`,
        log: silentLogger,
        timer,
        alive: () => names.filter((name) => name !== hostname),
        isPython: (name) => name.startsWith('py'),
        send: (type, fields) => void received.push({ type, hostname, pid: 1, clock: ++node.clock, ...fields }),
        won: (topic, action) => void won.push(`${hostname} ${topic} ${action}`),
      }),
    };
    return node;
  });
  const read = (node: Node): void => {
    const event = received[node.at++]!;
    if (event.type === 'election') node.elections.stand(String(event.id), 'topic', 'act');
    else if (event.type === 'worker-elect') node.elections.onElect(event);
    else node.elections.onAck(event);
  };
  return {
    timer,
    received,
    won,
    nodes,
    read,
    ask: (id: string) => void received.push({ type: 'election', id }),
    /** Everybody reads to the end; who is next is `pick`'s choice. */
    run(pick: (behind: readonly Node[]) => Node = ([first]) => first!) {
      for (;;) {
        const behind = nodes.filter((node) => node.at < received.length);
        if (behind.length === 0) return;
        read(pick(behind));
      }
    },
  };
}

/** Numbers that are always the same ones. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('an election', () => {
  it('has one winner, whoever reads faster', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed);
      const names = ['a', 'b', 'c', 'd', 'e'].slice(0, 2 + (seed % 4));
      const c = cluster(
        names,
        names.map(() => Math.floor(next() * 4)),
      );
      c.ask('one');
      c.run((behind) => behind[Math.floor(next() * behind.length)]!);
      expect(c.won, `seed ${seed}`).toHaveLength(1);
      expect(
        c.nodes.map(({ elections }) => elections.size),
        `seed ${seed}`,
      ).toEqual(names.map(() => 0));
    }
  });

  it('goes to the lowest clock, of equal ones to the lowest name', () => {
    const lowest = cluster(['a', 'b', 'c'], [9, 3, 5]);
    lowest.ask('one');
    lowest.run();
    expect(lowest.won).toEqual(['b topic act']);
    const equal = cluster(['c', 'b', 'a'], [3, 3, 9]);
    equal.ask('one');
    equal.run();
    expect(equal.won).toEqual(['b topic act']);
  });

  it('is won by a worker that is alone', () => {
    const c = cluster(['a']);
    c.ask('one');
    c.run();
    expect(c.won).toEqual(['a topic act']);
  });

  it('is settled as Celery settles it: by as many answers as there are others, among the candidates heard by then', () => {
    const c = cluster(['a', 'b', 'c'], [50, 0, 0]);
    const [a] = c.nodes;
    const event = (type: string, hostname: string, clock: number): CeleryEvent => ({
      ...{ type, hostname, clock, pid: 1, id: 'one' },
      ...(type === 'worker-elect' ? { topic: 'topic', action: 'act', cver: 1 } : {}),
    });
    a!.elections.stand('one', 'topic', 'act');
    a!.elections.onElect(event('worker-elect', 'b', 70));
    a!.elections.onElect(event('worker-elect', 'a', 51));
    a!.elections.onAck(event('worker-elect-ack', 'b', 72));
    expect(c.won).toEqual([]);
    a!.elections.onAck(event('worker-elect-ack', 'b', 73));
    // c would have had a lower clock, but came too late for anybody.
    a!.elections.onElect(event('worker-elect', 'c', 3));
    expect(c.won).toEqual(['a topic act']);
  });

  it('waits a second at most for a worker that does not stand, and is forgotten when it comes to nothing', () => {
    const c = cluster(['a', 'b']);
    const [a] = c.nodes;
    c.ask('one');
    c.read(a!);
    c.read(a!);
    expect(c.received.map(({ type }) => type)).toEqual(['election', 'worker-elect']);
    c.timer.advance(1000);
    expect(c.received.map(({ type }) => type)).toEqual(['election', 'worker-elect', 'worker-elect-ack']);

    const nobody = cluster(['a', 'b']);
    nobody.nodes[0]!.elections.onElect({ ...c.received[1]!, hostname: 'b' });
    nobody.timer.advance(61_000);
    nobody.nodes[0]!.elections.forgetOld();
    expect(nobody.nodes[0]!.elections.size).toBe(0);
    expect(nobody.won).toEqual([]);
  });

  it('that ends a Python worker, since it stood alone for a moment, goes to one that lives', () => {
    const c = cluster(['a', 'py']);
    const [a] = c.nodes;
    const said = (type: string, rest: object = {}) => ({
      ...{ type, id: 'one', hostname: 'py', pid: 2, clock: 1 },
      ...rest,
    });
    a!.elections.onElect(said('worker-elect', { topic: 'topic', action: 'act', cver: 1 }));
    a!.elections.stand('one', 'topic', 'act');
    // What ends it: its own answer, before it has heard of another candidate.
    a!.elections.onAck(said('worker-elect-ack'));
    expect(c.won).toEqual([]);
    a!.elections.onElect(c.received.find(({ type }) => type === 'worker-elect')!);
    c.timer.advance(1000);
    for (const event of c.received.filter(({ type }) => type === 'worker-elect-ack')) a!.elections.onAck(event);
    expect(c.won).toEqual(['a topic act']);
  });

  it('hears an acknowledgement of no election', () => {
    const elections = cluster(['a']).nodes[0]!.elections;
    for (const id of [{ toString: 1 }, null, ['x']]) elections.onAck({ type: 'worker-elect-ack', id } as never);
    expect(elections.size).toBe(0);
  });

  it('with a field missing is refused', () => {
    const c = cluster(['a']);
    c.nodes[0]!.elections.onElect({ type: 'worker-elect', id: 'one', hostname: 'b' });
    expect(c.nodes[0]!.elections.size).toBe(0);
  });
});
