// Messages of a queue as pages show them: what Python sent as a pickle is read as data, and nothing of it is run.
import { expect, it } from 'vitest';
import { readPickle } from '../../../server/dashboard/cluster/pickled.ts';
import { readMessage } from '../../../server/dashboard/operations/known-call.ts';
import { peekedMessages } from '../../../server/dashboard/views/peeked-message.ts';
import { isPickle, wasPickled } from '../../../server/serialization/pickle/mark.ts';
import type { Message } from '../../../server/transport/message.ts';
import { Delivery } from '../../../server/transport/virtual/delivery.ts';
import { createMasking } from '../../../shared/masking.ts';
import golden from '../../golden/publish-redis.json' with { type: 'json' };

function recorded(name: string): Message {
  const [sent] = golden.cases.find((one) => one.name === name)!.messages!;
  const envelope = JSON.parse(sent!.envelope_text!) as { headers: Record<string, unknown>; 'content-type': string };
  return messageOf(Buffer.from(sent!.body_bytes_b64!, 'base64'), envelope.headers, envelope['content-type']);
}

function messageOf(body: Uint8Array, headers: Record<string, unknown>, contentType = 'application/x-python-serialize') {
  const place = { id: 1, queue: 'celery', redelivered: false, deliveryTag: 1, consumerTag: undefined };
  const sent = {
    exchange: '',
    routingKey: 'celery',
    body,
    contentType,
    contentEncoding: 'binary',
    headers,
    properties: {},
  };
  return new Delivery(sent, place, null);
}

/** `(args, {}, {})` as pickle.dumps writes it with protocol 2, with these bytes as args. */
const call = (args: string) => Buffer.from(`\x80\x02(${args}}}t.`, 'latin1');
const HEADERS = { task: 'shop.pay', id: 'x1', argsrepr: 'what its sender printed' };
const show = (message: Message) => peekedMessages([message], createMasking([]));

it.each([
  ['serializer_pickle', 'vec.echo', "(1, 'two', 3.5, None, True, [1, 2], {'a': 1})"],
  ['v1_pickle_zlib', 'vec.add', '(2, 3)'],
])('shows what Python sent as a pickle: %s', async (recording, name, args) => {
  const [shown] = await show(recorded(recording));
  expect(shown).toMatchObject({ name, uuid: expect.any(String), args });
  expect(shown).not.toHaveProperty('unread');
});

it('shows an object as its name and runs nothing of it, and masks secrets', async () => {
  // os.system('touch x') if it were run.
  const [shown] = await show(messageOf(call('(cos\nsystem\n(U\x07touch xtRt'), HEADERS));
  expect(shown).toMatchObject({ name: 'shop.pay', args: '(<os.system object>,)' });
  const secret = '(}U\x08passwordU\x06s3cretst';
  const [masked] = await show(messageOf(call(secret), HEADERS));
  expect(masked!.args).toContain('password');
  expect(masked!.args).not.toContain('s3cret');
});

it('is no longer than a page can draw, however long its sender made its id, name and arguments', async () => {
  const x = 'x'.repeat(1024 * 1024);
  const headers = { id: x, task: x, argsrepr: `token=hunter2 ${x}`, kwargsrepr: x };
  const body = Buffer.from(JSON.stringify([[x], { password: 'hunter2' }, {}]));
  for (const message of [messageOf(body, headers, 'application/json'), messageOf(Buffer.from('?'), headers)]) {
    const [shown] = await show(message);
    expect(JSON.stringify(shown).length).toBeLessThan(20_000);
    expect(JSON.stringify(shown)).not.toContain('hunter2');
  }
});

it('names the trace that its headers say it is in, if any', async () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  const at = (traceparent: unknown) => show(messageOf(call(''), { ...HEADERS, traceparent }));
  expect((await at(`00-${id}-00f067aa0ba902b7-01`))[0]).toMatchObject({ trace_id: id });
  for (const none of [undefined, 5, 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`])
    expect((await at(none))[0]).not.toHaveProperty('trace_id');
});

it('says of one it cannot read why, and shows what its sender printed', async () => {
  const [broken] = await show(messageOf(Buffer.from('\x80\x04garbage.', 'latin1'), HEADERS));
  expect(broken).toMatchObject({ args: 'what its sender printed', unread: expect.stringMatching(/pickle/i) });
  const [large] = await show(messageOf(Buffer.alloc(2_000_000, 0x80), HEADERS));
  expect(large).toMatchObject({ unread: expect.stringMatching(/A pickle of 2000000 bytes is not opened/) });
});

it('is to be looked at, and not to be sent again', async () => {
  const message = messageOf(call('K\x05\x85'), HEADERS);
  expect(await readMessage(message, true)).toMatchObject({ task: 'shop.pay', args: [5] });
  expect(await readMessage(message)).toBeNull();
  const record = readPickle(Buffer.from('\x80\x02}U\x04args]K\x05as.', 'latin1')) as { args: unknown };
  expect([record.args, wasPickled(record.args), wasPickled([5])]).toEqual([[5], true, false]);
  expect([isPickle(Buffer.from('{"a": "."}')), isPickle(Buffer.from('\x80\x02K\x05.', 'latin1'))]).toEqual([
    false,
    true,
  ]);
});
