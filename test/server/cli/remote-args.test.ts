// Words of `umbel inspect` and `umbel control` into the keyword arguments of a remote command.
import { describe, expect, it } from 'vitest';
import { compile } from '../../../server/cli/remote-args.ts';
import { findCommand } from '../../../server/control/commands.ts';

const args = (name: string, ...words: string[]) => compile(findCommand(name)!, words);

describe('arguments of remote commands', () => {
  it('each word goes to its place, converted to the kind the command wants', () => {
    expect(args('rate_limit', 'mail.send', '5/m')).toEqual({ task_name: 'mail.send', rate_limit: '5/m' });
    expect(args('time_limit', 'mail.send', '10', '12.5')).toEqual({ task_name: 'mail.send', soft: 10, hard: 12.5 });
    expect(args('pool_grow', '3')).toEqual({ n: 3 });
    expect(args('pool_grow')).toEqual({});
  });

  it('a variadic command takes all remaining words', () => {
    expect(args('revoke', 'a', 'b', 'c')).toEqual({ task_id: ['a', 'b', 'c'] });
    expect(args('terminate', 'KILL', 'a', 'b')).toEqual({ signal: 'KILL', task_id: ['a', 'b'] });
    expect(args('query_task', 'a')).toEqual({ ids: ['a'] });
  });

  it('options of a command are given as name=value, wherever they stand', () => {
    expect(args('revoke', 'a', 'terminate=true', 'b', 'signal=KILL')).toEqual({
      task_id: ['a', 'b'],
      terminate: true,
      signal: 'KILL',
    });
    expect(args('conf', 'include_defaults=True')).toEqual({ with_defaults: true });
    expect(args('conf', 'true')).toEqual({ with_defaults: true });
  });

  it('the action of an election is a signature, as JSON', () => {
    expect(args('election', 'e1', 'task', '{"task": "mail.tidy", "args": [1]}')).toEqual({
      id: 'e1',
      topic: 'task',
      action: { task: 'mail.tidy', args: [1] },
    });
    expect(args('election', 'e1', 'mine')).toEqual({ id: 'e1', topic: 'mine' });
  });

  it('stamps stay whole: they are name=value themselves', () => {
    expect(args('revoke_by_stamped_headers', 'customer=ada', 'region=eu')).toEqual({
      headers: ['customer=ada', 'region=eu'],
    });
  });

  it('a missing word is named with what it means', () => {
    expect(() => args('rate_limit', 'mail.send')).toThrow(/rate_limit needs rate_limit: .*per second/);
    expect(() => args('revoke')).toThrow('revoke needs task_id');
  });

  it('a word too many is refused', () => {
    expect(() => args('cancel_consumer', 'mail', 'orders')).toThrow('cancel_consumer does not take 2 arguments');
  });

  it('a word of the wrong kind is refused by name', () => {
    expect(() => args('pool_grow', 'many')).toThrow("wants a number for n, not 'many'");
    expect(() => args('pool_grow', '1.5')).toThrow("pool_grow wants a whole number for n, not '1.5'");
    expect(() => args('conf', 'maybe')).toThrow("conf wants true or false for with_defaults, not 'maybe'");
    expect(args('conf', 'OFF')).toEqual({ with_defaults: false });
  });
});
