// broker_transport_options that move things on the wire: when both languages are given the same, they meet.
import { afterEach, expect, it } from 'vitest';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Both, startBoth } from './ways.ts';

describeNeedsPythonOnRedis('transport options of both languages', () => {
  let both: Both | null = null;
  afterEach(async () => {
    await both?.cluster[Symbol.asyncDispose]();
    both = null;
  });

  it.each([
    ['a global key prefix', { global_keyprefix: 'shop:' }],
    ['a fanout prefix of its own', { fanout_prefix: '/{db}-shop.' }],
    ['no fanout prefix and no patterns', { fanout_prefix: false, fanout_patterns: false }],
    [
      'other steps, another separator and other names',
      {
        priority_steps: [0, 5],
        sep: ':',
        unacked_key: 'held',
        unacked_index_key: 'held_index',
        unacked_mutex_key: 'lock',
      },
    ],
  ])('%s: tasks go both ways, and each language’s client sees both workers', async (_, options) => {
    both = await startBoth({ broker_transport_options: options }, { python: ['-P', 'solo'] });
    const { ways, cluster, app } = both;
    for (const way of Object.values(ways)) {
      const ids = [await way.send('add', [1, 2]), await way.send('add', [3, 4], { priority: 9 })];
      expect([await way.get(ids[0]!), await way.get(ids[1]!)]).toEqual([3, 7]);
    }
    const nodes = ['py@interop', 'ts@interop'];
    const theirs = (await cluster.py('result = app.control.ping(timeout=60, limit=2)')) as object[];
    expect(theirs.flatMap((reply) => Object.keys(reply)).sort()).toEqual(nodes);
    const ours = await app.control.ping({ timeout: 60, limit: 2 });
    expect(ours.flatMap((reply) => Object.keys(reply)).sort()).toEqual(nodes);
    const waiting = await ways.ts.send('add', [1, 1], { countdown: 60 });
    const held = (options as { unacked_key?: string }).unacked_key ?? 'unacked';
    const key = `${(options as { global_keyprefix?: string }).global_keyprefix ?? ''}${held}`;
    await until(async () => (await cluster.keys.hvals(key)).some((text) => text.includes(waiting)), 'it to be held');
    if ('global_keyprefix' in options) {
      const others = (await cluster.keys.keys('*')).filter((name) => !name.startsWith('shop:'));
      expect(others.filter((name) => !/^(celery-task-meta-|marks|kept)/.test(name))).toEqual([]);
    }
  });
});
