// Automations without a browser: the fields of the form for each operation, what they say, and what is missing; the list in words.
// Product: web/src/alerts.
import { expect, test } from 'vitest';
import type { Automation, AutomationsReply } from '../../shared/wire/automations.ts';
import { drawn, textOf } from './support/drawn.tsx';

const { automationIn, fieldsOf, newParts } = await import('../../web/src/alerts/automation-fields.ts');
const { AutomationForm } = await import('../../web/src/alerts/automation-form.tsx');
const { Automations } = await import('../../web/src/alerts/automations.tsx');
const { automationsQuery } = await import('../../web/src/alerts/use-automations.ts');

const ONE: Automation = {
  ...{ id: 'a1', mode: 'on', owner: 'ann', stopped: null, failures: 0, acts: 2, last: 1_800_000_000, left: null },
  spec: {
    ...{ name: 'again', cooldown: 60, max_per_hour: 5, retries: 2, breaker: 4 },
    when: { on: 'task-failed', task: 'shop.*', exception: 'KeyError' },
    if: { queue: 'jobs', least: 3, within: 5, from: '22:00' },
    do: { action: 'rate_limit', task_name: '{task}', rate_limit: '5/m', destination: ['{worker}', 'w2@h'] },
  },
};

test('its fields say what the automation says, and a new one begins with an operation on what fails', () => {
  expect(automationIn(fieldsOf(ONE))).toEqual(ONE.spec);
  const fresh = { ...fieldsOf(null), name: 'new' };
  expect(automationIn(fresh)).toEqual({
    ...{ name: 'new', when: { on: 'task-failed', task: '*', exception: '*' }, if: {} },
    do: { action: 'retry', task_ids: ['{task_id}'] },
    ...{ cooldown: 300, max_per_hour: 10, retries: 1, breaker: 3 },
  });
  const grow = { ...fresh, action: 'pool_grow', parts: newParts('pool_grow') } as const;
  expect(automationIn(grow)).toMatchObject({ do: { action: 'pool_grow', n: 1 } });
  expect(automationIn({ ...grow, parts: { n: 'two' } })).toMatchObject({
    field: 'n',
    text: expect.stringMatching(/number/),
  });
  expect(automationIn({ ...fresh, parts: {} })).toMatchObject({ field: 'task_ids', text: 'It is needed' });
  expect(automationIn({ ...fresh, name: ' ' })).toMatchObject({ field: 'name' });
  // Conditions on failed tasks are none on workers.
  const offline = automationIn({ ...fieldsOf(ONE), on: 'worker-offline', worker: 'web-*' });
  expect(offline).toMatchObject({ when: { on: 'worker-offline', worker: 'web-*' }, if: { from: '22:00' } });
  expect(Object.keys((offline as Automation['spec']).if)).toEqual(['from']);
});

test('the form has the fields of what begins it and of what it does, and no others', async () => {
  const form = async (one: Automation | null) =>
    textOf(
      await drawn(
        <AutomationForm
          one={one}
          rules={['deep']}
          failure={null}
          isSaving={false}
          onSave={() => {}}
          onClose={() => {}}
        />,
      ),
    );
  const fresh = await form(null);
  for (const label of ['Exception, as a pattern', 'Which task', 'One task at most, times', '{task_id} {task}'])
    expect(fresh).toContain(label);
  expect(fresh).not.toMatch(/By how many slots|Within, minutes/);
  const alert = await form({
    ...ONE,
    spec: {
      ...ONE.spec,
      when: { on: 'alert-ends', rule: 'gone', subject: '*' },
      do: { action: 'autoscale', min: 1, max: 4 },
    },
  });
  expect(alert).toMatch(/Of what, as a pattern .*At least, slots .*At most, slots .*Which worker/);
  // A rule that is not there any more is still the one that is named.
  expect(alert).toContain('gone deep');
  expect(alert).not.toMatch(/Exception|One task at most/);
});

test('the list says what each does, whether it does, and why it turned itself off', async () => {
  const reply: AutomationsReply = {
    items: [ONE, { ...ONE, id: 'a2', mode: 'off', stopped: { at: 1, reason: 'ann has no access any more.' } }],
    acts: [
      {
        ...{ at: 1_800_000_000, automation: 'a1', name: 'again', mode: 'dry-run', because: 'w1@h went offline' },
        ...{
          action: 'pool_grow',
          subject: '1 on w2@h',
          outcome: 'would',
          summary: 'It would be done.',
          operation: null,
        },
      },
    ],
    ...{ acts_total: 1, read_only: false, reason: null },
  };
  const text = textOf(await drawn(<Automations rules={[]} refused={null} />, [[automationsQuery().queryKey, reply]]));
  expect(text).toContain('3 tasks shop.* of one name fail with KeyError within 5 min: Set a rate limit: {task}, 5/m');
  expect(text).toMatch(/turned itself off ann has no access any more\./);
  expect(text).toMatch(/w1@h went offline Grow the pool: 1 on w2@h would be done/);
});
