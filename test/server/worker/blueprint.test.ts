import { describe, expect, it } from 'vitest';
import { Blueprint, Bootstep, inOrder, type StepClass } from '../../../server/worker/blueprint.ts';

type Log = string[];

function step(
  name: string,
  requires: readonly string[] = [],
  rest: { last?: boolean; fails?: boolean } = {},
): StepClass<Log> {
  return class extends Bootstep<Log> {
    static override label = name;
    static override requires = requires;
    static override last = rest.last ?? false;
    override start(log: Log): void {
      log.push(`start ${name}`);
      if (rest.fails) throw new Error(`${name} failed`);
    }
    override stop(log: Log): void {
      log.push(`stop ${name}`);
    }
  };
}

describe('a blueprint', () => {
  it('starts what is required first and stops in reverse', async () => {
    const log: Log = [];
    const blueprint = new Blueprint('Test', [step('C', ['B']), step('A'), step('B', ['A'])], log);
    await blueprint.start(log);
    await blueprint.stop(log);
    expect(log).toEqual(['start A', 'start B', 'start C', 'stop C', 'stop B', 'stop A']);
  });

  it('starts steps marked last after all others', () => {
    const steps = [step('End', [], { last: true }), step('A'), step('B')];
    expect(inOrder('Test', steps).map((s) => s.label)).toEqual(['A', 'B', 'End']);
  });

  it('takes a step of the user’s own, which may require ours by Celery’s path', () => {
    const mine = step('Mine', ['celery.worker.components:Pool']);
    expect(inOrder('Worker', [mine, step('Pool')]).map((s) => s.label)).toEqual(['Pool', 'Mine']);
  });

  it('leaves a step out that is not enabled', () => {
    class Off extends Bootstep<Log> {
      override enabled = false;
    }
    expect(new Blueprint<Log>('Test', [Off, step('A')], []).names).toEqual(['A']);
  });

  it('names the missing step, and the ring', () => {
    expect(() => inOrder('Test', [step('A', ['Nowhere'])])).toThrow(/A of Test requires 'Nowhere'/);
    expect(() => inOrder('Test', [step('A', ['B']), step('B', ['A'])])).toThrow(/A > B > A/);
  });

  it('stops what was started when a later step fails', async () => {
    const log: Log = [];
    const blueprint = new Blueprint('Test', [step('A'), step('B', ['A'], { fails: true })], log);
    await expect(blueprint.start(log)).rejects.toThrow('B failed');
    await blueprint.stop(log);
    expect(log).toEqual(['start A', 'start B', 'stop B', 'stop A']);
  });
});
