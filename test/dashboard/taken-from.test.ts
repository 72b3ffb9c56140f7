// The queue of a task that a worker holds, by what the worker says of it.
import { describe, expect, it } from 'vitest';
import type { InspectedRequest, QueueInfo } from '../../server/control/inspect.ts';
import { takenFrom } from '../../server/dashboard/cluster/taken-from.ts';

const request = (id: string, exchange: string, routing_key: string) =>
  ({ id, delivery_info: { exchange, routing_key, priority: 0, redelivered: false } }) as InspectedRequest;
const queue = (name: string, exchange: string, routing_key: string) =>
  ({ name, exchange: { name: exchange }, routing_key }) as unknown as QueueInfo;

const inspected = {
  active: [request('by-default', '', 'images'), request('elsewhere', '', 'gone')],
  reserved: [request('by-exchange', 'media', 'video'), request('two', 'media', 'all')],
  scheduled: [{ eta: null, priority: 0, request: request('later', '', 'images') }],
  active_queues: [
    queue('images', 'images', 'images'),
    queue('films', 'media', 'video'),
    queue('all-1', 'media', 'all'),
    queue('all-2', 'media', 'all'),
  ],
} as unknown as Parameters<typeof takenFrom>[0];

describe('the queue of a task that a worker holds', () => {
  it.each([
    ['by-default', 'images'],
    ['by-exchange', 'films'],
    ['later', 'images'],
    ['two', null],
    ['elsewhere', null],
    ['not held', null],
  ])('%s: %s', (id, name) => {
    expect(takenFrom(inspected, id)).toBe(name);
  });
});
