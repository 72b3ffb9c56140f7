// By what a dashboard knows its cluster, and its history file: never by a password, and two clusters never by the same.
import { afterAll, expect, it } from 'vitest';
import { clusterAddresses, formerAddresses } from '../../../server/dashboard/cluster/identity.ts';
import { claimForCluster, prepareSchema } from '../../../server/dashboard/history/sqlite/schema.ts';
import { resolveOptions } from '../../../server/dashboard/options.ts';
import { EmbeddedDb } from '../../../server/embedded-db.ts';

type Options = Record<string, unknown>;
const M1 = { master_name: 'm1' };
const SENTINELS = 'sentinel://:hunter2@a:1;sentinel://:hunter2@b:2';

it.each<[string, string, Options?, Options?]>([
  ['redis://', 'redis://:pw@127.0.0.1:6379/0'],
  ['redis://H/3', 'rediss://h?db=3'],
  ['redis://h?virtual_host=2', 'redis://h//2'],
  ['redis+socket:///s', 'redis+socket://:pw@//s?db=0'],
  ['sentinel://a', 'sentinel://:pw@a:26379/0', M1, M1],
  ['amqp://h', 'pyamqps://u:pw@h:5672//'],
  ['sqlite:///x.db', `sqlite:///${process.cwd()}/x.db`],
])('%s and %s are one cluster', (one, same, its = {}, theirs = {}) => {
  expect(clusterAddresses([one], its)).toEqual(clusterAddresses([same], theirs));
});

it.each<[string, string, Options?, Options?]>([
  ['redis://h?db=1', 'redis://h?db=2'],
  ['redis://h?db=1', 'redis://h'],
  ['redis+socket:///s?virtual_host=1', 'redis+socket:///s?virtual_host=2'],
  ['redis+socket:///s?db=1', 'redis+socket:///s'],
  [SENTINELS, SENTINELS, M1, { master_name: 'm2' }],
  ['sentinel://a/1', 'sentinel://a/2', M1, M1],
  ['amqp://h/a', 'amqp://h/b'],
  ['redis://h', 'redis://h', {}, { global_keyprefix: 'x' }],
])('%s and %s are two', (one, other, its = {}, theirs = {}) => {
  const known = clusterAddresses([one], its);
  expect(known.some((address) => clusterAddresses([other], theirs).includes(address))).toBe(false);
});

it('what files of plain addresses say stays as it was', () => {
  const plain = ['redis://h', 'redis://:pw@localhost:7000/2', 'amqp://u:pw@h//', 'sqlite:///x.db', 'memory://'];
  expect(clusterAddresses(plain)).toEqual(formerAddresses(plain));
  expect(clusterAddresses(plain).slice(0, 3)).toEqual([
    'redis://h:6379/0',
    'redis://localhost:7000/2',
    'amqp://h:5672//',
  ]);
});

it('several sentinels are known by each of them, and no password is in an identity, whatever the URL is', () => {
  expect(clusterAddresses([SENTINELS], M1)).toEqual([
    'sentinel://a:1/0?master_name=m1',
    'sentinel://b:2/0?master_name=m1',
  ]);
  expect(clusterAddresses(SENTINELS.split(';'), M1)).toEqual(clusterAddresses([SENTINELS], M1));
  const wrong = [
    'redis://:hun/ter2@h/0',
    'amqp://u:hun?ter2@h',
    'redis://u:hunter2',
    'sentinel://:hun/ter2@a;sentinel://b',
  ];
  for (const url of [SENTINELS, ...wrong]) expect(clusterAddresses([url], M1).join()).not.toMatch(/hun|ter2/);
});

it('a password with a semicolon is no end of a broker’s address', () => {
  expect(resolveOptions({ broker: 'redis://:p;ss@h/1;redis://b' }).broker).toEqual(['redis://:p;ss@h/1', 'redis://b']);
});

const opened: EmbeddedDb[] = [];
afterAll(() => {
  for (const db of opened) db.close();
});
const history = (cluster: readonly string[]) => {
  const db = new EmbeddedDb(':memory:');
  opened.push(db);
  prepareSchema(db);
  db.run("INSERT INTO meta (key, value) VALUES ('cluster', ?)", JSON.stringify(cluster));
  const kept = () => JSON.stringify(db.all('SELECT * FROM meta'));
  const claim = (url: string, options: Options = {}, adopt = false) =>
    claimForCluster(db, clusterAddresses([url], options), formerAddresses([url], options), adopt);
  return { kept, claim };
};

it.each<[string, Options?]>([
  ['redis://:pw@h/1'],
  ['redis://h?db=1'],
  ['redis+socket:///s?virtual_host=1'],
  ['sentinel://:pw@a:1', M1],
  [SENTINELS, M1],
  ['amqps://u:pw@h/v'],
])('a history of before that was of %s is known again, and from then on as what it is', (url, options) => {
  const { claim, kept } = history(formerAddresses([url], options));
  claim(url, options);
  expect(kept()).not.toMatch(/pw|hunter2/);
  claim(url, options);
  const other = url.replace(/[=/]1$/, (found) => `${found[0]}2`);
  if (other !== url) expect(() => claim(other)).toThrow('another cluster');
  else expect(() => claim(url, { ...options, global_keyprefix: 'x' })).toThrow('another cluster');
});

it('a history of before that is another’s is refused, without the passwords that it holds, unless it is adopted', () => {
  const { claim, kept } = history(formerAddresses([SENTINELS], M1));
  expect(() => claim('redis://:hunter2@h/1')).toThrow(
    'that of another cluster (sentinel://localhost/**@b:2); this dashboard watches redis://h:6379/1.',
  );
  claim('redis://h/1', {}, true);
  expect(kept()).not.toContain('hunter2');
  claim('redis://h/0', {}, true);
  expect(() => claim('redis://h?db=1')).toThrow('another cluster');
});
