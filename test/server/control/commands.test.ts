// The table of remote commands against what real Celery was asked and answered.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS, findCommand } from '../../../server/control/commands.ts';
import { Control } from '../../../server/control/control.ts';
import type { Mailbox } from '../../../server/messaging/mailbox.ts';

const golden: { cases: { name: string; command: string; arguments: Record<string, unknown> | null }[] } = JSON.parse(
  readFileSync(new URL('../../golden/pidbox-redis.json', import.meta.url), 'utf8'),
);

function recording(): { control: Control; sent: { command: string; options: Record<string, unknown> }[] } {
  const sent: { command: string; options: Record<string, unknown> }[] = [];
  const mailbox = {
    broadcast: async (command: string, options: Record<string, unknown>) => {
      sent.push({ command, options });
      return [{ 'w1@vec': { ok: 'pong' } }, { 'w2@vec': { ok: 'pong' } }];
    },
  } as unknown as Mailbox;
  return { control: new Control({ mailbox: () => mailbox }), sent };
}

describe('the table of remote commands', () => {
  it.each(golden.cases.filter((c) => c.name !== 'no_such_command'))(
    'knows $name',
    ({ name, command, arguments: args }) => {
      const known = findCommand(command)!;
      expect(known).toBeDefined();
      if (name === 'wrong_arguments') return;
      const names = known.args.map((a) => a.name);
      expect(names).toEqual(expect.arrayContaining(Object.keys(args ?? {})));
    },
  );

  it('has one meaning for each name', () => {
    const names = COMMANDS.flatMap((c) => [c.name, ...c.aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('control', () => {
  it('sends Celery’s arguments', async () => {
    const { control, sent } = recording();
    await control.revoke(['a', 'b'], { terminate: true, signal: 'SIGKILL' });
    await control.rateLimit('app.add', '10/m', { destination: ['w1@vec'], reply: true });
    await control.timeLimit('app.add', { soft: 1, hard: 2 });
    await control.addConsumer('extra');
    await control.poolGrow(2);
    expect(sent.map((s) => [s.command, s.options.arguments])).toEqual([
      ['revoke', { task_id: ['a', 'b'], terminate: true, signal: 'SIGKILL' }],
      ['rate_limit', { task_name: 'app.add', rate_limit: '10/m' }],
      ['time_limit', { task_name: 'app.add', hard: 2, soft: 1 }],
      ['add_consumer', { queue: 'extra', exchange: null, exchange_type: 'direct', routing_key: null }],
      ['pool_grow', { n: 2 }],
    ]);
    expect(sent[1]!.options).toMatchObject({ destination: ['w1@vec'], reply: true, limit: 1, timeoutMs: 1000 });
  });

  it('gathers inspect’s answers by node, null when nobody answers', async () => {
    const { control } = recording();
    expect(await control.inspect().ping()).toEqual({ 'w1@vec': { ok: 'pong' }, 'w2@vec': { ok: 'pong' } });
    const silent = new Control({ mailbox: () => ({ broadcast: async () => [] }) as unknown as Mailbox });
    expect(await silent.inspect().active()).toBeNull();
  });
});
