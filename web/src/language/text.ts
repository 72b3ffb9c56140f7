// A text in the reader's language, by its English: gettext's way. Texts with elements in them: rich.tsx. How to use these: language.ts.
import { count } from './figures.ts';
import { catalogue, locale } from './language.ts';

/** 'name' | 'count' of 'Task {name} ran {count} times'. */
export type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;

/** Nothing more when the text has no places, else a value for each. */
export type Values<Text extends string, Value> = [Names<Text>] extends [never]
  ? []
  : [values: Readonly<Record<Names<Text>, Value>>];

/** The text before its values are set in. A meaning before a bar is for the catalogue only. */
export function lookUp(text: string): string {
  return catalogue?.texts[text] ?? text.slice(text.indexOf('|') + 1);
}

function fill(text: string, values: Readonly<Record<string, string | number>> | undefined): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    return value === undefined ? place : typeof value === 'number' ? count(value) : value;
  });
}

/** `t('as of {time}', { time })`. Numbers are written as count() does. */
export function t<const Text extends string>(text: Text, ...[values]: Values<Text, string | number>): string {
  return fill(lookUp(text), values as Readonly<Record<string, string | number>> | undefined);
}

const rules = new Intl.PluralRules(locale);

/**
 * `tn(n, '# worker', '# workers')`: one or many, by the rules of the language; '#' is the number.
 * The catalogue has it under `many`; in a language with more forms than two, as 'one|few|many' in the order of Intl.PluralRules.
 */
export function tn<const One extends string, const Many extends string>(
  number: number,
  one: One,
  many: Many,
  ...[values]: Values<One | Many, string | number>
): string {
  const form = catalogue === null && rules.select(number) === 'one' ? one : many;
  return fill(
    lookUp(form).replaceAll('#', count(number)),
    values as Readonly<Record<string, string | number>> | undefined,
  );
}

/** A sentence that the server wrote, for people: its own English, or how the catalogue reads it. */
export function fromServer(sentence: string): string;
export function fromServer(sentence: string | null | undefined): string | undefined;
export function fromServer(sentence: string | null | undefined): string | undefined {
  if (sentence === null || sentence === undefined) return undefined;
  return catalogue ? catalogue.translate(sentence) : sentence;
}
