// The server's sentences in Chinese: each pattern's places are what differs from case to case. Figures in a place are written the Chinese
// way, and a place that holds a known sentence or word itself is read too. A text of several sentences is read sentence by sentence.
// A place {count} holds a figure and nothing else, {word} and {host} one word; {worker}, {queue}, {task}, {name} and {who} hold names, which are never read.
// Holds: what no pattern fits is left as it is, so that nothing is ever said that the server did not say.
import { BoundedMap } from '../../../../shared/bounded-map.ts';
import { figures } from './figures.ts';

interface Pattern {
  readonly shape: RegExp;
  readonly names: readonly string[];
  readonly chinese: string;
}

const MOST_KNOWN = 1000;
const VERBATIM = /^(worker|queue|task|name|who)$/;
const ONE_WORD = /^(word|host)$/;
const HAN = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u;

/** @param texts English with `{places}` to Chinese with the same */
export function sentencesOf(texts: Readonly<Record<string, string>>): (sentences: string) => string {
  let patterns: readonly Pattern[] | undefined;
  // Ages and counts within them change all day.
  const known = new BoundedMap<string, string>(MOST_KNOWN);
  const one = (sentence: string): string | undefined => {
    if (Object.hasOwn(texts, sentence)) return texts[sentence];
    patterns ??= Object.entries(texts)
      .filter(([english]) => english.includes('{'))
      // The one with more words of its own is the closer.
      .sort(([a], [b]) => ownLength(b) - ownLength(a))
      .map(([english, chinese]) => patternOf(english, chinese));
    for (const { shape, names, chinese } of patterns) {
      const found = shape.exec(sentence);
      if (found) return filled(chinese, (name) => inPlace(name, found[names.indexOf(name) + 1]!));
    }
    return undefined;
  };
  /** As it is, or without its full stop, or clause by clause. */
  const single = (text: string): string | undefined => {
    const whole = one(text) ?? byPart(text, CLAUSES, '；', one);
    if (whole !== undefined || !text.endsWith('.')) return whole;
    const bare = text.slice(0, -1);
    const open = one(bare) ?? byPart(bare, CLAUSES, '；', one);
    return open === undefined ? undefined : `${open}。`;
  };
  const read = (text: string): string | undefined => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const translated = byPart(text, SENTENCES, '', single) ?? single(text);
    if (translated !== undefined) known.set(text, translated);
    return translated;
  };
  const inPlace = (name: string, value: string): string => {
    if (VERBATIM.test(name)) return listed(value, (item) => item) ?? value;
    return read(value) ?? listed(value, read) ?? figures(value);
  };
  return (text) => read(text) ?? text;
}

const SENTENCES = /[\s\S]+?(?:[.?!](?=\s|$)|$)\s*/g;
const CLAUSES = /[\s\S]+?(?:; |$)/g;

/** Each part by itself, when all of them are known. */
function byPart(
  text: string,
  shape: RegExp,
  joint: string,
  read: (part: string) => string | undefined,
): string | undefined {
  const parts = text.match(shape) ?? [];
  if (parts.length < 2) return undefined;
  const chinese = parts.map((part) => read(part.trim().replace(/;$/, '')));
  return chinese.some((part) => part === undefined) ? undefined : chinese.join(joint);
}

/** 'a, b and c' as 'a、b 和 c'; undefined: it is no list of single words, or of what is known. */
function listed(text: string, read: (item: string) => string | undefined): string | undefined {
  const items = text.split(/, | and /).map((item) => read(item) ?? (/^\S+$/.test(item) ? item : undefined));
  if (items.length < 2 || items.some((item) => item === undefined)) return undefined;
  const last = / and \S[^,]*$/.test(text) ? items.pop()! : null;
  return last === null
    ? items.join('、')
    : `${items.join('、')}${HAN.test(items.at(-1)!.at(-1)!) ? '和' : ' 和 '}${last}`;
}

/** No space where Chinese meets Chinese. */
function filled(chinese: string, placed: (name: string) => string): string {
  let text = '';
  for (const [i, part] of chinese.split(/\{(\w+)\}/).entries()) {
    const next = i % 2 === 1 ? placed(part) : part;
    if (text.endsWith(' ') && HAN.test(text.at(-2) ?? '') && HAN.test(next[0] ?? '')) text = text.slice(0, -1);
    text += next.startsWith(' ') && HAN.test(text.at(-1) ?? '') && HAN.test(next[1] ?? '') ? next.slice(1) : next;
  }
  return text;
}

const ownLength = (english: string): number => english.replace(/\{\w+\}/g, '').length;

function patternOf(english: string, chinese: string): Pattern {
  const names: string[] = [];
  const shape = english.split(/\{(\w+)\}/).map((part, i) => {
    if (i % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    names.push(part);
    if (part.startsWith('count')) return '([\\d.,]+[kMGT]?)';
    return ONE_WORD.test(part) ? '(\\S+)' : '(.+?)';
  });
  return { shape: new RegExp(`^${shape.join('')}$`, 's'), names, chinese };
}
