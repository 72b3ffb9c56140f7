// What chains, groups, chords, maps, chunks and stamps put on the broker, compared with real Celery: every recorded case, from Redis
// and from RabbitMQ.
import { describe, expect, it } from 'vitest';
import type { ApplyOptions } from '../../../server/canvas/call-options.ts';
import { chain, chord, group } from '../../../server/canvas/compose.ts';
import type { Signature } from '../../../server/canvas/signature.ts';
import amqp from '../../golden/canvas-amqp.json' with { type: 'json' };
import redis from '../../golden/canvas-redis.json' with { type: 'json' };
import { makeApp } from '../../support/world.ts';

type Headers = Record<string, unknown>;
type Sent = readonly [headers: Headers, body: unknown];

const ID = '00000000-0000-4000-8000-0000000000';
const id = (n: number) => `${ID}${n}`;

/** The recorded messages of each case. */
const RECORDED: readonly (readonly [string, ReadonlyMap<string, readonly Sent[]>])[] = [
  [
    'Redis',
    new Map(
      redis.cases.map((one) => [
        one.name,
        (one.messages as unknown as { envelope_text: string; body_json: unknown }[]).map(
          (m) => [JSON.parse(m.envelope_text).headers as Headers, m.body_json] as const,
        ),
      ]),
    ),
  ],
  [
    'RabbitMQ',
    new Map(
      amqp.cases.map((one) => [
        one.name,
        (one.messages as unknown as { properties: { application_headers: Headers }; body_text: string }[]).map(
          (m) => [m.properties.application_headers, JSON.parse(m.body_text)] as const,
        ),
      ]),
    ),
  ],
];

function tasks() {
  const app = makeApp({ settings: { task_allow_error_cb_on_chord_header: false } });
  const add = app.task({ name: 'vec.add' }, (...xs: number[]) => xs.length);
  const sum = app.task({ name: 'vec.xsum' }, (xs: readonly unknown[]) => xs.length);
  return {
    app,
    add: (n: number, ...args: number[]) => add.s(...args).set({ task_id: id(n) }),
    xsum: (n: number) => sum.s().set({ task_id: id(n) }),
    mapped: { add, sum },
    errback: () => app.signature('vec.errback'),
  };
}
type Parts = ReturnType<typeof tasks>;

const visitor = { onSignature: () => ({ mtask_id: 'stamp-1' }) };
const pairs = [0, 1, 2, 3].map((n) => [n, n]);

const BUILDS: Record<string, (p: Parts) => Signature | [Signature, ApplyOptions]> = {
  chain: ({ add }) => chain(add(31, 1, 2), add(32, 3), add(33, 4)),
  chain_link: ({ add, errback }) => [
    chain(add(31, 1, 2), add(32, 3)),
    { link: add(34, 9), link_error: errback().set({ task_id: id(35) }) },
  ],
  chain_immutable: ({ add }) => chain(add(31, 1, 2).setImmutable(true), add(32, 3, 4).setImmutable(true)),
  chain_single: ({ add }) => chain([add(31, 1, 2)]),
  chain_countdown: ({ add }) => [chain(add(31, 1, 2), add(32, 3)), { countdown: 10 }],
  group: ({ add }) => [group(add(41, 1, 1), add(42, 2, 2)), { task_id: id(40) }],
  chord: ({ add, xsum }) => chord([add(51, 1, 1), add(52, 2, 2)], xsum(53)),
  chord_link_error: ({ add, xsum, errback }) => chord([add(51, 1, 1), add(52, 2, 2)], xsum(53).onError(errback())),
  chord_empty_header: ({ xsum }) => chord([], xsum(53)),
  chord_single_header: ({ add, xsum }) => chord([add(51, 1, 1)], xsum(53)),
  group_then_task: ({ add, xsum }) => group(add(51, 1, 1), add(52, 2, 2)).pipe(xsum(53)),
  task_group_task: ({ add, xsum }) => chain(add(50, 0, 1), group(add(51, 1), add(52, 2)), xsum(53)),
  chain_of_chords: ({ add, xsum }) =>
    chain(group(add(51, 1, 1), add(52, 2, 2)), xsum(53), group(add(55, 1), add(56, 2)), xsum(57)),
  group_of_chains: ({ add }) => [
    group(chain(add(61, 1, 1), add(62, 2)), chain(add(63, 3, 3), add(64, 4))),
    { task_id: id(60) },
  ],
  chord_of_chains: ({ add, xsum }) =>
    chord([chain(add(61, 1, 1), add(62, 2)), chain(add(63, 3, 3), add(64, 4))], xsum(65)),
  nested_group: ({ add }) => [group(group(add(71, 1, 1), add(72, 2, 2)), add(73, 3, 3)), { task_id: id(70) }],
  chord_with_group_header: ({ add, xsum }) =>
    chord(group(group(add(71, 1, 1), add(72, 2, 2)), add(73, 3, 3)), xsum(74)),
  chunks: ({ mapped }) => mapped.add.chunks(pairs, 2),
  chunks_group: ({ mapped }) => [mapped.add.chunks(pairs, 2).group(), { task_id: id(40) }],
  map: ({ mapped }) => mapped.sum.map([[1, 2], [3]]),
  starmap: ({ mapped }) =>
    mapped.add.starmap([
      [1, 2],
      [3, 4],
    ]),
  stamp_task: ({ add }) => add(77, 1, 2).stamp(visitor),
  stamp_kwargs: ({ add }) => add(77, 1, 2).stamp(null, { trace: 't1' }),
  stamp_chain: ({ add }) => chain(add(31, 1, 2), add(32, 3)).stamp(visitor),
  stamp_chord: ({ add, xsum }) => chord([add(51, 1, 1), add(52, 2, 2)], xsum(53)).stamp(visitor),
};

/** Where what we send is another thing on purpose, as it would be if Celery did it. */
const OTHERWISE: Readonly<Record<string, (sent: Sent[]) => Sent[]>> = {
  // Celery numbers the tasks of each group anew, so that two have the index 1.
  nested_group: (sent) => sent.map(([h, b], i) => [{ ...h, group_index: i }, b]),
  // Celery turns the tasks of a group in a header round: their results come to the body in that order.
  chord_with_group_header: (sent) => [...sent].sort(byId).map(([h, b], i) => [{ ...h, group_index: i }, b]),
  // Celery leaves an id and an empty list in the options of a chain that is a body; neither says anything.
  chain_of_chords: (sent) =>
    JSON.parse(JSON.stringify(sent), (_, value) =>
      value?.subtask_type === 'chain' ? { ...value, options: {} } : value,
    ) as Sent[],
};
const byId = ([a]: Sent, [b]: Sent) => (String(a.id) < String(b.id) ? -1 : 1);

describe.each(RECORDED)('as recorded from %s', (_, recorded) => {
  it('every case is made here', () => {
    // Refused here as there: below.
    const made = [...Object.keys(BUILDS), 'group_link', 'stamp_set'];
    expect([...recorded.keys()].sort()).toEqual(made.sort());
  });

  it.each(Object.keys(BUILDS))('%s makes the messages Celery makes', async (name) => {
    const parts = tasks();
    const built = BUILDS[name]!(parts);
    const [signature, options] = Array.isArray(built) ? built : [built, {}];

    await signature.applyAsync([], {}, options);

    const channel = await parts.app.writeConnection.defaultChannel();
    const ours = ((await channel.peek('celery', 20)) ?? []).map(
      (m): Sent => [m.headers, JSON.parse(Buffer.from(m.body).toString())],
    );
    const theirs = [...recorded.get(name)!];
    expect(comparable(ours)).toEqual(comparable(OTHERWISE[name]?.(theirs) ?? theirs));
  });
});

it('a group has no callbacks of its own', async () => {
  const { add } = tasks();
  const sending = group(add(41, 1, 1)).applyAsync([], {}, { link: add(42, 2) });
  await expect(sending).rejects.toThrow('A group has no callbacks: use a chord');
});

it('a set is stamped as a list, which Celery cannot send', async () => {
  const { app, add } = tasks();
  await add(77, 1, 2)
    .stamp(null, { tags: new Set(['a']) })
    .applyAsync();
  const channel = await app.writeConnection.defaultChannel();
  expect((await channel.peek('celery', 1))![0]!.headers).toMatchObject({
    stamped_headers: ['tags'],
    stamps: { tags: ['a'] },
  });
});

/** Ids made on the way get the names of their order; who sent it and when does not count, nor what is null. */
function comparable(value: readonly Sent[]): unknown {
  const names = new Map<string, string>();
  const text = JSON.stringify(value, (key, inner) => {
    if (['origin', 'reply_to'].includes(key)) return undefined;
    if (key === 'eta' && inner !== null) return 'later';
    // For display; JavaScript has no tuples.
    if (key === 'kwargsrepr') return String(inner).replaceAll('(', '[').replaceAll(')', ']');
    if (['root_id', 'parent_id'].includes(key) && inner === null) return undefined;
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
