// The sources at the foot of the rail: which of them stands out as failed; and what stands under the top bar of every page then.
// Product: web/src/shell/sources.tsx, unheard.tsx.
import { expect, test } from 'vitest';
import type { SourceState } from '../../shared/wire/cluster.ts';
import { drawn, liveOf, textOf } from './support/drawn.tsx';
import { clusterInfo, NOW } from './support/factories.ts';

const { Unheard } = await import('../../web/src/shell/unheard.tsx');
const { Sources } = await import('../../web/src/shell/sources.tsx');

const results = (change: Partial<SourceState>): SourceState => ({
  ...{ name: 'results', label: 'none', ok: false, state: 'none' },
  ...{ since: null, last_ok: null, latency_ms: null, detail: null },
  ...change,
});
const shown = (change: Partial<SourceState>) =>
  drawn(<Sources />, [], liveOf({ cluster: clusterInfo({ sources: [results(change)] }) } as never));

test('a result store that is not configured, or was not asked yet, has not failed', async () => {
  for (const [state, word] of [
    ['none', 'not configured'],
    ['unknown', 'not asked yet'],
  ] as const) {
    const page = await shown({ state, detail: 'No result store is configured: results cannot be shown' });
    expect(page).toContain(`>${word}<`);
    expect(page).toContain('title="none, No result store is configured: results cannot be shown"');
    expect(page).not.toContain('FAILURE');
  }
});

test('one that is down stands out, and one that answers says how fast', async () => {
  const since = NOW - 90;
  const down = await shown({ label: 'redis://localhost', state: 'down', since, last_ok: since, detail: 'gone' });
  expect(down).toContain('data-state="FAILURE"');
  expect(down).toContain('Results redis');
  expect(down).toMatch(/>silent \d/);
  const ok = await shown({ label: 'redis://localhost', ok: true, state: 'ok', last_ok: NOW, latency_ms: 3 });
  expect(ok).not.toContain('FAILURE');
  expect(ok).toMatch(/>3\sms</);
});

test('a history that cannot be written is said on every page, with the reason', async () => {
  const of = async (history: object) =>
    textOf(await drawn(<Unheard />, [], liveOf({ cluster: clusterInfo({ history } as never) })));
  const failed = { ok: false, since: NOW - 90, reason: 'No space is left on the disk' };
  expect(await of(failed)).toMatch(
    /The history is not being written since \d\d:\d\d:\d\d\. .*No space is left on the disk/,
  );
  expect(await of({ ...failed, ok: true, since: null, reason: null })).not.toContain('history');
});
