import { describe, expect, test } from 'vitest';
import { ContentDisallowed } from '../../../server/errors.ts';
import {
  buildTaskMessage,
  isTaskMessage,
  type OutgoingTask,
  readTaskMessage,
} from '../../../server/protocol/task-message.ts';
import { PLAIN_CODEC as codec } from '../../../server/serialization/codec.ts';
import { decompress } from '../../../server/serialization/compression/compression.ts';
import { decodeJson, encodeJson } from '../../../server/serialization/json.ts';
import type { Properties } from '../../../server/transport/message.ts';
import current from '../../golden/publish-redis.json' with { type: 'json' };
import older from '../../golden/publish-redis-5.2.6.json' with { type: 'json' };
import { keysSorted, READER } from '../app/recorded-calls.ts';
import { delivered } from './delivered.ts';

interface Envelope {
  body: string;
  'content-encoding': string;
  'content-type': string;
  headers: Record<string, unknown>;
  properties: Record<string, unknown>;
}
interface Case {
  name: string;
  messages: { envelope_text: string; body_bytes_b64?: string }[];
}

const json = codec.acceptSet(['json']);
const plain = READER.acceptSet(['json', 'msgpack', 'yaml']);
/** What a broker adds. */
const BROKER_PROPERTIES = ['delivery_info', 'body_encoding', 'delivery_tag'];

function read(text: string) {
  const envelope = decodeJson(text) as Envelope;
  const { delivery_info, ...properties } = envelope.properties;
  const message = delivered({
    body: Buffer.from(envelope.body, 'base64'),
    contentType: envelope['content-type'],
    contentEncoding: envelope['content-encoding'],
    headers: envelope.headers,
    properties: properties as Properties,
    deliveryInfo: delivery_info as { exchange: string; routing_key: string },
  });
  return { envelope, message };
}

function payloadOf(message: ReturnType<typeof read>['message'], accept = plain): unknown {
  const compression = message.headers.compression;
  const body = typeof compression === 'string' ? (decompress(message.body, compression) as Uint8Array) : message.body;
  return READER.decode(body, message.contentType, message.contentEncoding, accept);
}

for (const [version, golden] of [
  ['5.6.2', current],
  ['5.2.6', older],
] as const) {
  describe(`messages of Celery ${version}`, () => {
    for (const c of golden.cases as unknown as Case[]) {
      for (const [i, captured] of c.messages.entries()) {
        const { envelope, message } = read(captured.envelope_text);
        const title = `${c.name}${i > 0 ? ` (${i})` : ''}`;
        if (message.contentType === 'application/x-python-serialize') {
          test(`${title}: a pickle is refused, accepted or not, and why is said`, () => {
            for (const accept of [plain, READER.acceptSet(['json', 'pickle'])]) {
              expect(() => payloadOf(message, accept)).toThrow(ContentDisallowed);
              expect(() => payloadOf(message, accept)).toThrow(/a pickle is a program.*Send json, msgpack or yaml/);
            }
          });
          continue;
        }
        test(`${title}: is read, and built again from what was read it is the same message`, () => {
          const payload = payloadOf(message);
          expect(isTaskMessage(message, payload)).toBe(true);
          const task = readTaskMessage(message, payload);
          const properties = Object.fromEntries(
            Object.entries(message.properties).filter(([key]) => !BROKER_PROPERTIES.includes(key)),
          );
          const fields: OutgoingTask = {
            ...task,
            // Absent in protocol 1, where argsrepr is made by the reader.
            headers: task.protocol === 2 ? task.headers : null,
            properties: properties as Properties,
          };
          const built = buildTaskMessage(fields, task.protocol);
          const { compression: _, ...expected } = envelope.headers;
          const absent =
            version === '5.2.6' && task.protocol === 2 ? ['replaced_task_nesting', 'stamped_headers', 'stamps'] : [];
          for (const name of absent) delete built.headers[name];
          expect(built.headers).toEqual(expected);
          expect(built.properties).toEqual(properties);
          // The same text, but for 1.0 and 1, which are one number here.
          const text = Buffer.from(codec.encode(built.payload, 'kombu-json').body).toString();
          const ofYaml = message.contentType === 'application/x-yaml';
          const inOrder = (value: unknown) => (ofYaml ? keysSorted(value) : value); // PyYAML sorts the keys
          expect(encodeJson(inOrder(built.payload))).toBe(encodeJson(inOrder(payload)));
          if (!ofYaml) expect(text).toBe(encodeJson(payload));
          expect(codec.decode(codec.encode(built.payload, 'json').body, 'application/json', 'utf-8', json)).toEqual(
            payload,
          );
          if (!message.headers.compression && task.protocol === 2 && message.contentType === 'application/json') {
            expect(text).toBe(Buffer.from(envelope.body, 'base64').toString());
          }
        });
        test(`${title}: argsrepr and kwargsrepr print as Python's`, () => {
          const task = readTaskMessage(message, payloadOf(message));
          if (task.protocol === 1 || c.name === 'argsrepr') return;
          const { argsrepr: _a, kwargsrepr: _k, ...rest } = task;
          const { headers } = buildTaskMessage(rest);
          // 5.2 wrote datetimes without a marker: they come as text.
          if (version !== '5.2.6' || !c.name.includes('datetime')) expect(headers.argsrepr).toBe(task.argsrepr);
          expect(headers.kwargsrepr).toBe(task.kwargsrepr);
        });
      }
    }
  });
}
