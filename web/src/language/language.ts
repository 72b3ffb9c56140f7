// Which language the pages speak, and its catalogue: the one chosen in this browser, else the first of the browser's that there is.
// Asking for a text: text.ts, rich.tsx. Numbers and times: figures.ts.
// Holds: every module that asks for a text waits here until the catalogue is there, so a text may be asked for anywhere, at the top of
// a module too, and nothing is drawn in another language first; who reads English loads no catalogue. Another choice loads the page anew.
//
// HOW A TEXT GETS IN
//  1. Wrap each text that a person reads: t('Nothing here'), t('as of {time}', { time }), tn(n, '# worker', '# workers'),
//     rich('See <code>{name}</code>', { name }). Whole sentences, never halves put together: word order differs between languages.
//     Call t, tn and rich with a literal text: the test reads them out of the sources. A number given as a value is written as count() does.
//     A text with two meanings has its meaning before a bar: t('verb|Open') is 'Open' in English.
//  2. A sentence that came from the server (refusals, needs, reasons): fromServer(text); its pattern is a line in zh/server*.ts.
//  3. What stays as it is: state names, settings, task, worker and queue names, a worker's own words, tracebacks, key names, units of bytes.
//  4. Put the Chinese into zh/<folder>.ts, by the terms at the head of zh/index.ts; a text of several folders has one Chinese.
//  5. `npx vitest run --config test/vitest.config.ts test/house.test.ts` names each text outside of the catalogue, each without Chinese,
//     and each Chinese that nothing asks for. What is no text and looks like one stands in NO_TEXT (test/support/house-texts.ts).
//     `npx tsx .build/wrap-texts.mjs <folder or file>` does what can be done mechanically.

/** @default 'en' */
export type Language = 'en' | 'zh';

/** By the BCP 47 tag that `<html lang>` and Intl get; each name in its own language. */
export const LANGUAGES: readonly (readonly [Language, string])[] = [
  ['en', 'English'],
  ['zh', '简体中文'],
];
const LOCALES: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' };

const KEY = 'umbel.language';

/** What a browser has, and a program that reads these files has not. */
const browser = globalThis as unknown as {
  document?: { documentElement?: { lang: string } };
  navigator?: { languages?: readonly string[] };
  localStorage: { getItem: (key: string) => string | null; setItem: (key: string, value: string) => void };
  location: { reload: () => void };
};

function chosen(): Language | undefined {
  try {
    const kept = browser.localStorage.getItem(KEY);
    return LANGUAGES.find(([language]) => language === kept)?.[0];
  } catch {
    return undefined;
  }
}

/** The first that there is; readers of Traditional Chinese are not taken for readers of Simplified. */
export function languageFor(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (/^en\b/i.test(tag)) return 'en';
    if (/^zh\b/i.test(tag) && !/-(hant|tw|hk|mo)\b/i.test(tag)) return 'zh';
  }
  return 'en';
}

/** Texts by their English, and how the server's sentences read. */
export interface Catalogue {
  readonly texts: Readonly<Record<string, string>>;
  /** What the server wrote, in the reader's language; itself where it is not known. */
  readonly translate: (sentences: string) => string;
  /** figures.ts has both. */
  readonly count: (value: number) => string;
  readonly figures: (text: string) => string;
  /** In words. @param fields of cron: minute, hour, day of month, month, day of week */
  readonly crontab: (fields: readonly string[]) => string;
}

/** Of the language; null: English, which needs none. */
export let catalogue: Catalogue | null = null;
export let language: Language = 'en';

const root = browser.document?.documentElement;
if (root) {
  language = chosen() ?? languageFor(browser.navigator?.languages ?? []);
  if (language === 'zh') {
    try {
      catalogue = await import('./zh/index.ts');
    } catch {
      // The server is away, or a newer build is there: English is better than nothing.
      language = 'en';
    }
  }
  root.lang = LOCALES[language];
}

export const locale: string = LOCALES[language];

/** The one that is not spoken here: there are two. */
export function otherLanguage(): { language: Language; name: string } {
  const [other, name] = LANGUAGES.find(([one]) => one !== language)!;
  return { language: other, name };
}

/** Kept in this browser, and the page is loaded anew in it. */
export function choose(wanted: Language): void {
  if (wanted === language) return;
  try {
    browser.localStorage.setItem(KEY, wanted);
  } catch {
    // Nothing can be kept here: the language stays the browser's.
  }
  browser.location.reload();
}
