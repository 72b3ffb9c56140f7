// Bodies in every serializer and compression, damaged at random: a clear error each, never a crash, and to a worker they are poison it
// drops, going on with the next.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { UmbelError } from '../../server/errors.ts';
import { createLogger } from '../../server/log.ts';
import { Codec } from '../../server/serialization/codec.ts';
import { compress, decompress } from '../../server/serialization/compression/compression.ts';
import { Worker } from '../../server/worker/worker.ts';
import { cases } from '../support/cases.ts';
import { until } from '../support/until.ts';

const codec = new Codec();
await codec.load(['msgpack', 'yaml']);
const SERIALIZERS = ['json', 'msgpack', 'yaml'];
const accept = codec.acceptSet(SERIALIZERS);
const COMPRESSIONS = ['zlib', 'brotli', 'bzip2', 'lzma', 'zstd'];
for (const name of COMPRESSIONS) await compress(Buffer.alloc(0), name);

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
  fc.constant([['x'.repeat(300)], { k: 2n ** 60n }, { callbacks: null }]),
);
/** What every serializer keeps: not a minus zero, and not the key that readers leave out. */
const plain = fc
  .jsonValue({ maxDepth: 4 })
  .map((one) => JSON.parse(JSON.stringify(one), (key, item) => (key === '__proto__' ? undefined : item)) as unknown);
/** Some bytes changed, the end cut off. */
const damage = fc.record({
  flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
  cut: fc.option(fc.nat(), { freq: 3 }),
});
function damaged(body: Uint8Array, { flips, cut }: { flips: [number, number][]; cut: number | null }): Buffer {
  const bytes = Buffer.from(body);
  for (const [at, byte] of flips) if (bytes.length > 0) bytes[at % bytes.length] = byte;
  return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
}
const refusedWell = (error: unknown): null => {
  expect(error).toBeInstanceOf(UmbelError);
  return null;
};

it.each(SERIALIZERS)('%s: what is damaged is read or refused with an error of ours', (serializer) => {
  const { contentType, contentEncoding } = codec.encode(null, serializer);
  const read = (bytes: Uint8Array) => {
    try {
      codec.decode(bytes, contentType, contentEncoding, accept);
    } catch (error) {
      refusedWell(error);
    }
  };
  fc.assert(
    fc.property(value, damage, (one, how) => read(damaged(codec.encode(one, serializer).body, how))),
    {
      numRuns: cases(400),
    },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), read), { numRuns: cases(400) });
});

it.each(SERIALIZERS)('%s: what is written is read as it was', (serializer) => {
  fc.assert(
    fc.property(plain, (one) => {
      const { body, contentType, contentEncoding } = codec.encode(one, serializer);
      expect(codec.decode(body, contentType, contentEncoding, accept)).toEqual(one);
    }),
    { numRuns: cases(300) },
  );
});

it.each(COMPRESSIONS)(
  '%s: what is damaged is opened or refused with an error of ours, within its bound',
  async (name) => {
    const property = fc.asyncProperty(fc.string({ maxLength: 400 }), fc.nat(40), damage, async (text, times, how) => {
      const packed = await compress(Buffer.from(text.repeat(times)), name);
      const opened = await Promise.resolve()
        .then(() => decompress(damaged(packed.body, how), packed.contentType, 20_000))
        .catch(refusedWell);
      if (opened) expect(opened.byteLength).toBeLessThanOrEqual(20_000);
    });
    await fc.assert(property, { numRuns: cases(name === 'bzip2' ? 60 : 200) });
  },
);

it('a worker drops them as poison, and runs what comes after', async () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'CRITICAL', color: false, write: (line) => lines.push(line) });
  const conf = {
    broker: `memory://bodies-${process.pid}`,
    accept_content: SERIALIZERS,
    decompressed_size_limit: 100_000,
  };
  await using app = new Celery('bodies', conf, { env: {}, log });
  const ran: unknown[] = [];
  app.task('bodies.good', (x: unknown) => ran.push(x));
  const worker = new Worker(app, { hostname: 'bodies@test', log, withoutMingle: true, withoutGossip: true });
  await worker.start();
  const channel = await app.writeConnection.defaultChannel();
  const poison: [string, string, Uint8Array, string | null][] = [
    ['application/x-yaml', 'utf-8', Buffer.from('!!python/object/apply:os.system ["true"]'), null],
    ['application/x-yaml', 'utf-8', Buffer.from('['.repeat(100_000)), null],
    ['application/x-yaml', 'utf-8', Buffer.from('&a [*a]'), null],
    ['application/x-msgpack', 'binary', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff), null],
    ['application/x-msgpack', 'binary', Uint8Array.of(0xd4, 5, 0), null],
    ['application/x-python-serialize', 'binary', Buffer.from('cos\nsystem\n(S"true"\ntR.'), null],
    ['application/json', 'utf-8', Buffer.from('[['), null],
    ['application/json', 'utf-8', Buffer.from('[]'), 'application/x-nobody'],
  ];
  for (const name of COMPRESSIONS) {
    const { body, contentType } = await compress(Buffer.alloc(200_000), name);
    poison.push(['application/json', 'utf-8', body, contentType]);
    poison.push(['application/json', 'utf-8', body.subarray(0, body.length - 3), contentType]);
  }
  for (const [contentType, contentEncoding, body, compression] of poison)
    await channel.publish({
      ...{ exchange: '', routingKey: 'celery', body, contentType, contentEncoding, properties: {} },
      headers: { task: 'bodies.good', id: 'poison', ...(compression ? { compression } : {}) },
    });
  for (const serializer of SERIALIZERS)
    for (const compression of COMPRESSIONS)
      await app.sendTask('bodies.good', [`${serializer} ${compression}`], {}, { serializer, compression });
  await until(() => ran.length === SERIALIZERS.length * COMPRESSIONS.length, 'the good ones');
  await until(() => lines.filter((line) => line.includes('Dropped a message')).length === poison.length, 'the poison');
  expect(await channel.peek('celery', 1)).toEqual([]);
  await worker.stop();
});
