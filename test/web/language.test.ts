// The pages' languages: which one is taken, and how the server's sentences and figures read in Chinese. That no text is forgotten: house.test.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { complete } from '../../shared/query/complete.ts';
import { FIELDS } from '../../shared/query/tree.ts';
import { languageFor } from '../../web/src/language/language.ts';
import { t, tn } from '../../web/src/language/text.ts';
import { crontab } from '../../web/src/language/zh/crontab.ts';
import { count, figures } from '../../web/src/language/zh/figures.ts';
import { translate } from '../../web/src/language/zh/index.ts';
import { sentencesOf } from '../../web/src/language/zh/sentences.ts';
import { isRead, sentencesIn } from '../support/server-sentences.ts';

it.each([
  [['zh-CN', 'en-US'], 'zh'],
  [['de-DE', 'zh', 'en'], 'zh'],
  [['en-GB', 'zh-CN'], 'en'],
  [['zh-Hant-TW', 'zh-HK', 'fr'], 'en'],
  [[], 'en'],
] as const)('a browser that wants %j gets %s', (wanted, expected) => {
  expect(languageFor(wanted)).toBe(expected);
});

it('a text in English is its key, without the meaning before the bar, its places filled', () => {
  expect(t('theme|dark')).toBe('dark');
  expect(t('as of {time}', { time: '14:31:04' })).toBe('as of 14:31:04');
  expect(t('{count} more', { count: 12_400 })).toBe('12.4k more');
  expect([0, 1, 2].map((n) => tn(n, '# event missed', '# events missed'))).toEqual([
    '0 events missed',
    '1 event missed',
    '2 events missed',
  ]);
});

it('figures have the units and the groups of the language, as precise as before', () => {
  expect([9_999, 12_400, 1_284_090].map(count)).toEqual(['9,999', '1.2万', '128.4万']);
  expect(figures('2 m 21 s')).toBe('2分21秒');
  expect(figures('198 ms, 1.50 s, 3 h 5 m, 9 d')).toBe('198毫秒, 1.50秒, 3小时5分钟, 9天');
  expect(figures('12.4k of 3 MB in celery@web-3 s3')).toBe('1.2万 of 3 MB in celery@web-3 s3');
});

it.each([
  ['30 3 * * *', '每天 03:30'],
  ['0 8,12,18 * * *', '每天 08:00、12:00、18:00'],
  ['0 9 * * 1-5', '星期一至星期五 09:00'],
  ['30 2 * * 1', '每星期一 02:30'],
  ['*/10 9-17 * * 6,0', '星期六、星期日 09:00 至 17:59，每 10 分钟'],
  ['0 0 1,15 * *', '每月 1 号、15 号 00:00'],
  ['15 3 10-20 * *', '每月 10 号至 20 号 03:15'],
  ['0 4 1 * 1', '每月 1 号且为星期一 04:00'],
  ['0 0 29 2 *', '2 月 29 号 00:00'],
  ['0 0 1 */3 *', '每 3 个月的 1 号 00:00'],
  ['0 0 */2 1 *', '1 月，每 2 天 00:00'],
  ['* * * * *', '每分钟'],
  ['*/15 * * * *', '每 15 分钟'],
  ['*/7 * * * *', '每小时从 0 分起每 7 分钟'],
  ['15,45 * * * *', '每小时第 15、45 分钟'],
  ['0-30/5 * * * *', '每小时第 0 至 30 分钟，每 5 分钟'],
  ['0 */2 * * *', '每 2 小时整点'],
  ['*/10 */2 * * *', '从 0 点起每 2 小时，其间每 10 分钟'],
  ['10 1-5 * * *', '每天 01:00 至 05:59，每小时第 10 分钟'],
])('the crontab %s is said as one says it', (line, words) => {
  expect(crontab(line.split(' '))).toBe(words);
});

it('a sentence of the server is read by its pattern, each of several by itself, and one that is not known stays', () => {
  const read = sentencesOf({
    'Worker {name} is silent for {age}.': '{name} 已静默 {age}。',
    'Is it still running?': '它还在运行吗？',
    'Worker {name} is silent.': '{name} 已静默。',
  });
  expect(read('Worker a.b is silent for 2 m 21 s.')).toBe('a.b 已静默 2分21秒。');
  expect(read('Worker w1 is silent. Is it still running?')).toBe('w1 已静默。它还在运行吗？');
  expect(read('Worker w1 is silent. Nobody knows why.')).toBe('Worker w1 is silent. Nobody knows why.');
});

it('what the server says is read down to its clauses, lists and figures; names stay', () => {
  const read: [string, string][] = [
    [
      'In mail, 3 messages go before it; its workers hold as many messages as they may: w1 4 of 4, 1 running and 3 waiting for their ETA. When it starts is unknown: its place is not known.',
      '在 mail 中前面有 3 条消息；它的 worker 持有的消息已达上限：w1 4 / 4，1 个运行中和3 个等待 ETA。何时开始未知：不知道它的位置。',
    ],
    [
      'Waits for its ETA, in 5 m. No worker consumes events, so it will not start then either.',
      '等待 ETA，还有 5分钟。没有 worker 消费 events，所以到时也不会开始。',
    ],
    [
      'About 3 messages go before it in mail; all 4 slots of w1 are busy.',
      '在 mail 中前面有约 3 条消息；w1 的全部 4 个槽位被占用。',
    ],
    [
      '1 of 3 tasks ended (1 REVOKED); 2 are dropped when a worker comes to them.',
      '3 个任务中 1 个已结束（1 REVOKED）；2 个会在 worker 取到时丢弃。',
    ],
    [
      'Sent again as a.b to mail, its call read from its result record. Which headers, ignore_result, shadow name and stamps it had is not known any more: it is sent with none. It is sent without its expiry.',
      '已重新发送到 mail，新 ID 为 a.b，调用读自它的结果记录。已不知道它原来的自有消息头、ignore_result、shadow 名称和印记：发送时不带这些。发送时不带它的过期时间。',
    ],
    [
      '2 of 3 tasks sent again; not all options of 1 of them are known and sent; No task x is known here.',
      '已重新发送 2 / 3 个任务；其中 1 个的选项未全部得知并发送；这里没有已知的任务 x。',
    ],
    ['w1, w2 and w3 consume mail', 'w1、w2 和 w3 消费 mail'],
    ['workers is gone', 'workers 已不在'],
  ];
  expect(read.map(([english]) => translate(english))).toEqual(read.map(([, chinese]) => chinese));
});

/** What a start with a wrong setting says to a terminal, and what programs are answered. */
const LOG_OR_SETTING =
  /^dashboard\/(access\/(credentials|emails|rules|upgrade|headers)|routes\/(docs|alive))\.ts$|^schedules\/memory-store\.ts$/;
/** Said to programs, not on pages. */
const STAYS = new Set([
  'Too many logins are being looked at.',
  'One does not sign in there.',
  'This is the live feed: it is read by a WebSocket.',
  'One signs in with a name and a password here.',
  'The address and the headers of the request are longer than 64 KiB together.',
  'This is no HTTP request that can be read.',
  '… is nothing that is answered here.',
  'JSON is read as UTF-8, not as ….',
]);
/** What is set in decides which words follow: an example of each. */
const AS_SAID: Readonly<Record<string, string>> = {
  '…: ……; … held by the limit.': 'shop.add: 12 starts a minute since, 30 before; 3 tasks held by the limit.',
  '… of … ended so far: ….': '1 of 2 new tasks ended so far: 1 SUCCESS, 1 STARTED.',
  '… of … … said goodbye or fallen silent.': '1 of 2 workers have said goodbye or fallen silent.',
  'It keeps its ….': 'It keeps its priority 3 and its headers tenant.',
  '… … …, … free slots and took nothing from it for ….':
    'w1 consumes mail, has free slots and took nothing from it for 2 m 5 s.',
  'It is next in …….': 'It is next in mail: a worker takes it at any moment.',
  '…: …, and the broker does not deliver it again.':
    'w1, which ran it, is gone, last heard 5 m ago: whether it finished is unknown, and the broker does not deliver it again.',
  '…: …; whether the broker delivers it again is unknown.':
    'w1, which had taken it, is gone: it did not start it, as far as was heard; whether the broker delivers it again is unknown.',
};

it.each([
  ...['waiting', 'attention', 'operations', 'views', 'access', 'access/providers', 'cluster', 'live', 'routes'].map(
    (room) => `server/dashboard/${room}`,
  ),
  'server/schedules',
  'shared/query',
])('every whole sentence in the sources of %s has its Chinese, those put together of parts too', (room) => {
  const folder = new URL(`../../${room}/`, import.meta.url);
  const unread = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !LOG_OR_SETTING.test(`${room}/${name}`.replace('server/', '')))
    .flatMap((name) => sentencesIn(name, readFileSync(new URL(name, folder), 'utf8')))
    .filter((parts) => !isRead(parts, translate))
    .map((parts) => parts.join('…'));
  expect(unread.filter((text) => !STAYS.has(text) && !Object.hasOwn(AS_SAID, text))).toEqual([]);
});

it('what completion offers is said in Chinese: fields, relations, values', () => {
  const texts = FIELDS.flatMap(({ name }) => [name, `${name}:`, `${name}>`]);
  const details = texts.flatMap((text) => complete(text, text.length)?.items.map(({ detail }) => detail) ?? []);
  const all = [...new Set([...details, ...(complete('a ', 2)?.items.map(({ detail }) => detail) ?? [])])];
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter((detail) => detail !== '' && detail !== 'a..b' && translate(detail) === detail)).toEqual([]);
});

it('what is put together of parts is read as it is said', () => {
  const said = Object.values(AS_SAID);
  expect(said.filter((text) => translate(text) === text)).toEqual([]);
});
