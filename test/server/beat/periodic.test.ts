// Entries that are said in code, beside the tasks they send.
import { describe, expect, it } from 'vitest';
import { Celery, chain, crontab } from '../../../server/index.ts';

function shop() {
  const app = new Celery('shop', { broker: 'memory://' }, { env: {} });
  return { app, add: app.task({ name: 'shop.add' }, (a: number, b: number) => a + b) };
}

describe('app.addPeriodicTask', () => {
  it('adds an entry of beat_schedule: by its name, or by the signature as text', () => {
    const { app, add } = shop();
    expect(app.addPeriodicTask(30, add.s(2, 3).set({ queue: 'mail' }))).toBe('shop.add(2, 3)');
    const at = crontab({ hour: 7 });
    const rest = { one_off: true, timezone: 'Europe/Prague', options: { expires: 60 } };
    expect(app.addPeriodicTask(at, add.s(1, 1), { name: 'morning', ...rest })).toBe('morning');
    expect(app.conf.beat_schedule).toEqual({
      'shop.add(2, 3)': { task: 'shop.add', schedule: 30, args: [2, 3], kwargs: {}, options: { queue: 'mail' } },
      morning: { task: 'shop.add', schedule: at, args: [1, 1], kwargs: {}, ...rest },
    });
  });
  it('shows no secret in the name it gives', () => {
    const { app } = shop();
    const login = app.task({ name: 'shop.login' }, (who: { password: string }) => who.password);
    expect(app.addPeriodicTask(30, login.s({ password: 'hunter2' }))).toBe("shop.login({'password': '********'})");
  });
  it('refuses what beat cannot send, and a name that is taken', () => {
    const { app, add } = shop();
    app.addPeriodicTask(30, add.s(2, 3));
    expect(() => app.addPeriodicTask(60, add.s(2, 3))).toThrow("There is an entry 'shop.add(2, 3)'");
    expect(() => app.addPeriodicTask(60, chain(add.s(2, 3), add.s(4)) as never)).toThrow(
      'A chain cannot be sent by beat',
    );
    expect(() => app.addPeriodicTask(60, add as never)).toThrow('takes a schedule and a signature');
  });
});
