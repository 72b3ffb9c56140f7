// The last runs of all entries: that two beats fire is told, by the entries that came twice; and pages share one answer.
import { expect, it } from 'vitest';
import { recentRuns, sharedRecentRuns } from '../../../server/dashboard/views/recent-runs.ts';
import type { EntryDefinition, StoredEntry } from '../../../server/schedules/contract.ts';
import { NO_MASKING } from '../../../shared/masking.ts';

const NOW = 1_790_000_000;
const definition = (task: string): EntryDefinition => ({
  ...{ task, args: [], kwargs: {}, options: {}, enabled: true, one_off: false, timezone: 'UTC' },
  schedule: { kind: 'interval', every: 60, relative: false },
});
const entries = new Map<string, StoredEntry>(
  ['check', 'mail'].map((name) => [
    name,
    { definition: definition(`shop.${name}`), runs: { lastRunAt: 0, totalRunCount: 0 } },
  ]),
);

/** @param times of each task, how long ago @unit seconds */
function clusterOf(times: Readonly<Record<string, readonly number[]>>) {
  let asked = 0;
  const cluster = {
    now: NOW,
    events: { gaps: { list: () => [] } },
    history: {
      operations: async () => [],
      newest: async (names: readonly string[]) => {
        asked++;
        const items = names.flatMap((name) =>
          (times[name] ?? []).map((ago) => ({ uuid: `${name}${ago}`, name, parent_id: null, first_seen: NOW - ago })),
        );
        return items.map((row) => ({ ...row, args: '()', kwargs: '{}', state: 'SUCCESS', runtime: 1 }));
      },
    },
  };
  return { cluster: cluster as unknown as Parameters<typeof recentRuns>[0], asked: () => asked };
}

it('that two beats send is told of the entries whose runs came twice, not when it was once by chance', async () => {
  const minutes = [600, 540, 480, 420];
  const two = clusterOf({ 'shop.check': minutes.flatMap((ago) => [ago, ago - 2]), 'shop.mail': minutes });
  const reply = await recentRuns(two.cluster, NO_MASKING, entries);
  expect(reply.twice).toEqual({ runs: 4, entries: ['check'], since: NOW - 598 });
  expect(reply.items.map(({ name, runs }) => [name, runs.length])).toEqual([
    ['check', 8],
    ['mail', 4],
  ]);
  const chance = clusterOf({ 'shop.check': [600, 540, 538, 480], 'shop.mail': minutes });
  expect((await recentRuns(chance.cluster, NO_MASKING, entries)).twice).toBeNull();
});

it('pages that are open together have one answer, which is asked for anew later or when it failed', async () => {
  const { cluster, asked } = clusterOf({});
  const at = (now: number) => ({ ...cluster, now });
  const recent = sharedRecentRuns();
  const all = async () => entries;
  await expect(recent(at(NOW), NO_MASKING, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  const replies = await Promise.all([recent(at(NOW), NO_MASKING, all), recent(at(NOW + 9), NO_MASKING, all)]);
  expect(replies[0]).toBe(replies[1]);
  expect(asked()).toBe(1);
  await recent(at(NOW + 16), NO_MASKING, all);
  expect(asked()).toBe(2);
});
