// What chains, groups and chords put on the broker, compared with real Celery.
import { expect, it } from 'vitest';
import type { ApplyOptions } from '../../../server/canvas/call-options.ts';
import { chain, chord, group } from '../../../server/canvas/compose.ts';
import type { Signature } from '../../../server/canvas/signature.ts';
import golden from '../../golden/canvas-redis.json' with { type: 'json' };
import { makeApp } from '../../support/world.ts';

interface Case {
  name: string;
  messages: { envelope_text: string; body_json: unknown }[];
}
const caseOf = (name: string) => (golden.cases as unknown as Case[]).find((c) => c.name === name)!;
const id = (n: number) => `00000000-0000-4000-8000-0000000000${n}`;

interface Parts {
  add(n: number, ...args: number[]): Signature;
  xsum(n: number): Signature;
}

const BUILDS: Record<string, (p: Parts) => Signature | [Signature, ApplyOptions]> = {
  chain: ({ add }) => chain(add(31, 1, 2), add(32, 3), add(33, 4)),
  group: ({ add }) => [group(add(41, 1, 1), add(42, 2, 2)), { task_id: id(40) }],
  chord: ({ add, xsum }) => chord([add(51, 1, 1), add(52, 2, 2)], xsum(53)),
  chord_empty_header: ({ xsum }) => chord([], xsum(53)),
  chord_single_header: ({ add, xsum }) => chord([add(51, 1, 1)], xsum(53)),
  group_then_task: ({ add, xsum }) => group(add(51, 1, 1), add(52, 2, 2)).pipe(xsum(53)),
  group_of_chains: ({ add }) => [
    group(chain(add(61, 1, 1), add(62, 2)), chain(add(63, 3, 3), add(64, 4))),
    { task_id: id(60) },
  ],
  chord_of_chains: ({ add, xsum }) =>
    chord([chain(add(61, 1, 1), add(62, 2)), chain(add(63, 3, 3), add(64, 4))], xsum(65)),
};

it.each(Object.keys(BUILDS))('%s makes the messages Celery makes', async (name) => {
  const app = makeApp();
  const addTask = app.task({ name: 'vec.add' }, (...xs: number[]) => xs.length);
  const xsumTask = app.task({ name: 'vec.xsum' }, (xs: number[]) => xs.length);
  const built = BUILDS[name]!({
    add: (n, ...args) => addTask.s(...args).set({ task_id: id(n) }),
    xsum: (n) => xsumTask.s().set({ task_id: id(n) }),
  });
  const [signature, options] = Array.isArray(built) ? built : [built, {}];

  await signature.applyAsync([], {}, options);

  const channel = await app.writeConnection.defaultChannel();
  const ours = ((await channel.peek('celery', 20)) ?? []).map((m) => [
    m.headers,
    JSON.parse(Buffer.from(m.body).toString()),
  ]);
  const theirs = caseOf(name).messages.map((m) => [JSON.parse(m.envelope_text).headers, m.body_json]);
  expect(comparable(ours)).toEqual(comparable(theirs));
});

/** Ids made on the way get the names of their order; who sent it does not count. */
function comparable(value: unknown): unknown {
  const names = new Map<string, string>();
  const text = JSON.stringify(value, (key, inner) => {
    if (['origin', 'reply_to'].includes(key)) return undefined;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  const made = /(?!00000000-)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  return JSON.parse(
    text.replace(made, (uuid) => {
      if (!names.has(uuid)) names.set(uuid, `made ${names.size}`);
      return names.get(uuid)!;
    }),
  );
}
