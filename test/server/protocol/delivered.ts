// A delivered message for tests that only read it.
import type { Message } from '../../../server/transport/message.ts';

export function delivered(parts: Partial<Message>): Message {
  return {
    body: new Uint8Array(),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    properties: {},
    deliveryInfo: { exchange: '', routing_key: 'celery' },
    queue: 'celery',
    redelivered: false,
    deliveryTag: 1,
    acknowledged: false,
    ack() {},
    reject() {},
    ...parts,
  };
}
