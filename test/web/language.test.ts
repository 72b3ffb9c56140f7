// The pages' languages: which one is taken, and how the server's sentences and figures read in Chinese. That no text is forgotten: house.test.ts.
import { expect, it } from 'vitest';
import { languageFor } from '../../web/src/language/language.ts';
import { t, tn } from '../../web/src/language/text.ts';
import { count, figures } from '../../web/src/language/zh/figures.ts';
import { sentencesOf } from '../../web/src/language/zh/sentences.ts';

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
