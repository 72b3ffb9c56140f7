// The server's sentences in Chinese: each pattern's places are what differs from case to case. Figures in a place are written the Chinese
// way, and a place that holds a known sentence or word itself is read too. A text of several sentences is read sentence by sentence.
// Holds: what no pattern fits is left as it is, so that nothing is ever said that the server did not say.
import { figures } from './figures.ts';

interface Pattern {
  readonly shape: RegExp;
  readonly names: readonly string[];
  readonly chinese: string;
}

/** @param texts English with `{places}` to Chinese with the same */
export function sentencesOf(texts: Readonly<Record<string, string>>): (sentences: string) => string {
  let patterns: readonly Pattern[] | undefined;
  const known = new Map<string, string>();
  const one = (sentence: string): string | undefined => {
    const exact = texts[sentence];
    if (exact !== undefined) return exact;
    patterns ??= Object.entries(texts)
      .filter(([english]) => english.includes('{'))
      // The one with more words of its own is the closer.
      .sort(([a], [b]) => ownLength(b) - ownLength(a))
      .map(([english, chinese]) => patternOf(english, chinese));
    for (const { shape, names, chinese } of patterns) {
      const found = shape.exec(sentence);
      if (!found) continue;
      const values = new Map(names.map((name, i) => [name, found[i + 1]!]));
      return chinese.replace(/\{(\w+)\}/g, (place, name: string) => {
        const value = values.get(name);
        return value === undefined ? place : (read(value) ?? figures(value));
      });
    }
    return undefined;
  };
  const read = (text: string): string | undefined => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const translated = one(text);
    if (translated !== undefined) known.set(text, translated);
    return translated;
  };
  return (text) => read(text) ?? bySentence(text, read) ?? text;
}

/** Each sentence by itself, when all of them are known. */
function bySentence(text: string, read: (sentence: string) => string | undefined): string | undefined {
  const parts = text.match(/[\s\S]+?(?:[.?!](?=\s|$)|$)\s*/g) ?? [];
  if (parts.length < 2) return undefined;
  const chinese = parts.map((part) => read(part.trim()));
  return chinese.some((part) => part === undefined) ? undefined : chinese.join('');
}

const ownLength = (english: string): number => english.replace(/\{\w+\}/g, '').length;

function patternOf(english: string, chinese: string): Pattern {
  const names: string[] = [];
  const shape = english.split(/\{(\w+)\}/).map((part, i) => {
    if (i % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    names.push(part);
    return '(.+?)';
  });
  return { shape: new RegExp(`^${shape.join('')}$`, 's'), names, chinese };
}
