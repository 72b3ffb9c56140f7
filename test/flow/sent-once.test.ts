// A call that says `dedupe` is sent once; a revoke that nobody heard is remembered. Both by what a broker keeps beside its messages.
import { describe, expect, it } from 'vitest';
import { hasRabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';
import { brokers } from './brokers.ts';
import { makeApp, makeWorker } from './worker-world.ts';

async function channelOf(app: Awaited<ReturnType<typeof makeApp>>) {
  await app.writeConnection.tryConnect();
  return app.writeConnection.defaultChannel();
}

describe.each(brokers)('on %s', (_, url) => {
  it('of calls that say the same one is sent, from whatever client, and all have its result', async () => {
    const broker = url();
    const [one, two] = [await makeApp({ broker }), await makeApp({ broker })];
    const depth = async () => (await (await channelOf(one)).queueStatus('celery'))?.messages;
    const once = { dedupe: { key: 'report-7', expires: 3600 } };
    const sent = await Promise.all([one, two, one, two].map((app) => app.sendTask('report', [7], {}, once)));
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    expect(await depth()).toBe(1);
    // Of another key, or of another task, or without one, it is another call.
    await two.sendTask('report', [8], {}, { dedupe: 'report-8' });
    await two.sendTask('other', [7], {}, once);
    await two.sendTask('report', [7]);
    expect(await depth()).toBe(4);
    for (const app of [one, two]) await app.sendTask('report', [9], {}, { task_id: 'mine', dedupe: true });
    expect(await depth()).toBe(5);
    // Its time is over.
    const short = { dedupe: { key: 'soon', expires: 0.001 } };
    const first = await one.sendTask('report', [1], {}, short);
    await until(async () => (await one.sendTask('report', [1], {}, short)).id !== first.id, 'it to be sent again');
  });

  it('what could not be sent does not count as sent', async () => {
    const app = await makeApp({ broker: url() });
    const once = { dedupe: 'big' };
    const { producer } = app;
    const failing = Object.create(app.producer(), {
      publish: { value: () => Promise.reject(new Error('no room')) },
    }) as ReturnType<typeof producer>;
    failing.notes = () => producer.call(app).notes();
    app.producer = () => failing;
    await expect(app.sendTask('report', [], {}, once)).rejects.toThrow('no room');
    app.producer = producer;
    const sent = await app.sendTask('report', [], {}, once);
    expect((await app.sendTask('report', [], {}, once)).id).toBe(sent.id);
    expect((await (await channelOf(app)).queueStatus('celery'))?.messages).toBe(1);
  });

  it('a task that was revoked while no worker was there does not run when one comes', async () => {
    const broker = url();
    const app = await makeApp({ broker, backend: broker });
    const ran: string[] = [];
    app.task({ name: 'job', params: ['name'] }, (name: string) => void ran.push(name));
    const revoked = await app.sendTask('job', ['revoked']);
    await revoked.revoke();
    await app.control.terminate(['another']);
    // Meant for one worker alone: that one is not there, and no other has to do with it.
    const kept = await app.sendTask('job', ['kept']);
    await app.control.revoke(kept.id, { destination: ['gone@vec'] });
    const worker = await makeWorker(app, { withoutMingle: true, withoutGossip: true });
    await kept.get({ timeout: 90 });
    await expect.poll(() => revoked.state(), { timeout: 90_000 }).toBe('REVOKED');
    expect(ran).toEqual(['kept']);
    expect([...worker.state.revoked.ids()].sort()).toEqual(['another', revoked.id].sort());
  });
});

it.skipIf(!hasRabbit)('RabbitMQ keeps nothing beside messages, and a call that asks for it says so', async () => {
  const rabbit = await sharedRabbit();
  const app = await makeApp({ broker: rabbit.url(await rabbit.freshVhost()) });
  await expect(app.sendTask('report', [], {}, { dedupe: 'x' })).rejects.toThrow(
    /asks for dedupe, which this broker cannot do: RabbitMQ keeps nothing but messages/,
  );
});

it('what cannot be meant is refused', async () => {
  const app = await makeApp();
  const send = (dedupe: unknown) => app.sendTask('report', [], {}, { dedupe } as never);
  await expect(send(true)).rejects.toThrow(/dedupe: true means the same task_id, which this call does not say/);
  for (const wrong of ['', 7, { key: '' }, { expires: 0 }, { expires: '1h' }, []])
    await expect(send(wrong)).rejects.toThrow(/^dedupe must be true, a key, or an object such as/);
  await expect(send({ kee: 'x' })).rejects.toThrow(/kee/);
});
