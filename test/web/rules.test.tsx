// The rules on the page Access without a browser: each in words with who is in by it, and what holds where none are given.
// Product: web/src/access/rules.tsx.
import { expect, test } from 'vitest';
import type { RulesReply } from '../../shared/wire/rules.ts';
import { drawn, textOf } from './support/drawn.tsx';

const { RulesTable } = await import('../../web/src/access/rules.tsx');

const shown = async (rules: RulesReply) => textOf(await drawn(<RulesTable rules={rules} />));

test('each rule says who, what they may, and who is in by it', async () => {
  const row = (change: Partial<NonNullable<RulesReply['items']>[number]>) => ({
    ...{ who: ['*'], read_only: false, scope: { role: 'viewer' as const }, signed_in: [] },
    ...change,
  });
  const text = await shown({
    items: [
      row({ who: ['ann', 'group:ops'], scope: { role: 'operator', except: ['purge'] }, signed_in: ['ann', 'bo'] }),
      row({ who: ['root'], read_only: true, scope: { role: 'admin' } }),
    ],
    ...{ read_only: false, yours: 1 },
  });
  expect(text).toMatch(/1 ann, group:ops read, act on tasks and queues; not purge ann, bo \(?you/);
  expect(text).toMatch(/2 root read -/);
});

test('without rules, and where nothing may be changed, it says what that means', async () => {
  const none = await shown({ items: null, read_only: true, yours: null });
  expect(none).toMatch(/none are given.*read only.*Everybody who gets in is an admin/);
});
