// The broker's page without a browser: findings worst first in words, what is unknown is unknown, a broker that is away or silent says so.
// Product: web/src/broker/.
import { expect, test } from 'vitest';
import type { BrokerReply } from '../../shared/wire/broker.ts';
import { drawn, textOf } from './support/drawn.tsx';

const { BrokerFacts, Versions } = await import('../../web/src/broker/broker-facts.tsx');
const { BrokerFigures, BrokerHead } = await import('../../web/src/broker/broker-head.tsx');
const { MemoryParts, NamedClients } = await import('../../web/src/broker/broker-parts.tsx');
const { Findings } = await import('../../web/src/broker/findings.tsx');

const broker = (change: Partial<BrokerReply> = {}): BrokerReply => ({
  ...{ url: 'redis://r1:6379/0', at: 1000, failure: null, product: 'Redis', version: '7.0.15', uptime: 3600 },
  ...{ latency_ms: 1.2, memory: { used: 3_100_000_000, most: 4_000_000_000 }, clients: { connected: 41, most: 1000 } },
  hour: { memory: [2e9, null, 3.1e9], clients: [40, 41], traffic: [8000], ready: [null, 7], unacked: [2] },
  ...{ memory_parts: [], file_bytes: null, named_clients: null, traffic: null },
  ...{ messages: { ready: 7, unacked: 2 }, facts: {}, findings: [], rules: 7, workers: [] },
  ...change,
});
const finding = (id: string, harm: BrokerReply['findings'][number]['harm'], remedy: string[] = []) => ({
  ...{ id, harm, title: `title ${id}`, evidence: `evidence ${id}`, danger: `danger ${id}`, remedy },
});

test('findings are counted by what they do, and each says what to write', async () => {
  const findings = [
    finding('a', 'loses', ['CONFIG SET maxmemory-policy noeviction', 'CONFIG REWRITE']),
    finding('b', 'doubles'),
    finding('c', 'fills'),
  ];
  const html = await drawn(<Findings broker={broker({ findings })} />);
  const text = textOf(html);

  expect(text).toContain('1 finding loses work, 1 doubles it, 1 more');
  expect(text).toContain('7 rules looked');
  expect(text).toContain('CONFIG SET maxmemory-policy noeviction');
  expect(html.match(/<details[^>]*>/g)).toEqual([
    expect.stringMatching(/data-state="FAILURE".* open/),
    expect.stringMatching(/data-state="RETRY".* open/),
    expect.not.stringMatching(/ open/),
  ]);
  expect(html.match(/<pre/g)).toHaveLength(1);
});

test.each([
  ['nothing was found', {}, 'No setting was found that loses or doubles work.'],
  ['it says nothing', { product: null }, 'says nothing of its settings'],
  ['it is away', { failure: 'Connection refused' }, 'Unknown while the broker does not answer.'],
] as const)('without findings, because %s', async (_, change, words) => {
  expect(textOf(await drawn(<Findings broker={broker(change)} />))).toContain(words);
});

test('figures that are not known are unknown, and a limit that is none is said', async () => {
  const none = { memory: { used: null, most: null }, clients: { connected: null, most: null } };
  const silent = textOf(
    await drawn(<BrokerFigures broker={broker({ ...none, messages: { ready: null, unacked: null } })} />),
  );
  expect(silent.match(/unknown/g)).toHaveLength(4);
  expect(silent).not.toMatch(/\d/);
  const known = await drawn(<BrokerFigures broker={broker()} />);
  expect(known.match(/aria-label="[^"]*last hour[^"]*"/g)).toHaveLength(4);
  expect(known.match(/<svg/g)).toHaveLength(4);
  const free = textOf(await drawn(<BrokerFigures broker={broker({ memory: { used: 1e6, most: 0 } })} />));
  expect(free).toContain('no limit');
  expect(textOf(await drawn(<BrokerFigures broker={broker()} />))).toMatch(/3\.1 GB.*of 4.*41.*of 1,000.*7.*2/);
});

test('a broker in a file shows the file and no memory that nobody knows; traffic is there where it is measured', async () => {
  const none = { memory: { used: null, most: null }, product: 'SQLite', file_bytes: 2_000_000 };
  const file = textOf(await drawn(<BrokerFigures broker={broker(none)} />));
  expect(file).toMatch(/File 2(\.0)? MB/);
  expect(file).not.toMatch(/Memory|unknown|a second/);
  const busy = await drawn(<BrokerFigures broker={broker({ traffic: { of: 'commands', per_second: 8410.4 } })} />);
  expect(textOf(busy)).toMatch(/Commands 8,410 a second/);
});

test('memory by kind, most first with what is free, and clients by the names they give', async () => {
  const parts: BrokerReply['memory_parts'] = [
    { part: 'log', bytes: 0 },
    { part: 'server', bytes: 1e8 },
    { part: 'data', bytes: 3e9 },
  ];
  const text = textOf(await drawn(<MemoryParts broker={broker({ memory_parts: parts })} />));
  expect(text).toMatch(/keys and values 3(\.0)? GB the server itself 100 MB free 900 MB/);
  expect(text).not.toContain('log');
  expect(await drawn(<MemoryParts broker={broker()} />)).toBe('');
  const groups = [
    { name: 'web', software: 'redis-py', count: 30, blocked: 0 },
    { name: null, software: null, count: 8, blocked: 2 },
  ];
  const named = textOf(await drawn(<NamedClients broker={broker({ named_clients: { of: 38, groups } })} />));
  expect(named).toMatch(/38 of 41 web redis-py 30 without a name 8 waiting to take 2 blocked/);
  expect(await drawn(<NamedClients broker={broker()} />)).toBe('');
});

test('the head says whether it answers, and why not', async () => {
  const head = async (change: Partial<BrokerReply>) =>
    textOf(await drawn(<BrokerHead broker={broker(change)}>{null}</BrokerHead>));
  expect(await head({})).toMatch(/redis:\/\/r1:6379\/0.*answers in 1 ms.*Redis 7\.0\.15, up 1 h/);
  expect(await head({ failure: 'Connection refused' })).toMatch(/does not answer.*Connection refused/);
});

test('facts are in its own words, and one that it hides is unknown', async () => {
  const facts = textOf(await drawn(<BrokerFacts facts={{ role: 'master', save: '', maxmemory: null }} />));
  expect(facts).toMatch(/maxmemory\s*unknown.*role\s*master.*save\s*empty/);
  expect(await drawn(<BrokerFacts facts={{}} />)).toBe('');
  const versions = [{ ident: 'py-celery', version: '5.2.6', count: 2 }];
  expect(textOf(await drawn(<Versions workers={versions} />))).toMatch(/py-celery 5\.2\.6\s*2 workers/);
});
