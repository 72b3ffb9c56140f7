// What a document outside of the app's frame has around its content: the mark, and the choices of language and theme at its foot.
// Such are the sign-in page and the page of all clusters. Mounted by mount.tsx.

import { type ReactNode, useEffect } from 'react';
import { choose, LANGUAGES, language } from '../language/language.ts';
import { t } from '../language/text.ts';
import { Segmented } from '../ui/button.tsx';
import { Mark } from '../ui/icon.tsx';
import { preferences, setPreferences, THEMES, usePreferences } from './preferences.ts';

/** @param title of the document, in the reader's language */
export function Outside({ className, title, children }: { className: string; title: string; children: ReactNode }) {
  const { theme } = usePreferences();
  useEffect(() => {
    document.title = `${title} - Umbel`;
  }, [title]);
  return (
    <main className={`outside ${className}`} id="main">
      <p className="brandmark">
        <Mark />
        Umbel
      </p>
      {children}
      <footer>
        <Segmented label={t('Language')} options={LANGUAGES} value={language} onChange={choose} />
        <Segmented
          label={t('Theme')}
          options={THEMES}
          value={theme}
          onChange={(chosen) => setPreferences({ ...preferences(), theme: chosen })}
        />
      </footer>
    </main>
  );
}
