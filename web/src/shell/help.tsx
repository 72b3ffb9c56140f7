// `?`: every key that acts on this page, and how the pages look. Fed by the registry in shortcuts.ts.
import { choose, LANGUAGES, language } from '../language/language.ts';
import { t } from '../language/text.ts';
import { Segmented } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { chooseTimes, TIMES, times, ZONES, zone } from '../ui/zone.ts';
import { setPreferences, THEMES, usePreferences } from './preferences.ts';
import { type Shortcut, shown, useRegistered } from './shortcuts.ts';

const GROUPS = ['Go', 'Page', 'List', 'Task', 'View'] as const;

const GROUP_NAMES: Readonly<Record<Shortcut['group'], string>> = {
  Go: t('keys|Go'),
  Page: t('keys|Page'),
  List: t('keys|List'),
  Task: t('keys|Task'),
  View: t('keys|View'),
};

export default function Help({ onClose }: { onClose: () => void }) {
  const all = useRegistered().filter((s) => !s.alias);
  const prefs = usePreferences();
  const of = (group: Shortcut['group']) =>
    all.filter((s, i) => s.group === group && all.findIndex((o) => o.keys === s.keys) === i);
  return (
    <Dialog title={t('Keys and looks')} onClose={onClose} className="help">
      <div className="help-groups">
        {GROUPS.filter((g) => of(g).length > 0).map((group) => (
          <section key={group}>
            <h3>{GROUP_NAMES[group]}</h3>
            <dl>
              {of(group).map((s) => (
                <div key={s.keys}>
                  <dt>{s.label}</dt>
                  <dd>
                    {shown(s.keys).map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <div className="help-looks">
        <Segmented
          label={t('Theme')}
          value={prefs.theme}
          options={THEMES}
          onChange={(theme) => setPreferences({ theme })}
        />
        <Segmented label={t('Language')} value={language} options={LANGUAGES} onChange={choose} />
        <Segmented
          label={t('Density')}
          value={prefs.density}
          options={[
            ['compact', t('Compact')],
            ['default', t('Default')],
            ['roomy', t('Roomy')],
          ]}
          onChange={(density) => setPreferences({ density })}
        />
        <Segmented label={t('Time zone')} value={zone} options={ZONES} onChange={(one) => chooseTimes({ zone: one })} />
        <Segmented
          label={t('Times in the task list')}
          value={times}
          options={TIMES}
          onChange={(one) => chooseTimes({ times: one })}
        />
        <label className="keep">
          <input
            type="checkbox"
            className="check"
            checked={prefs.keys}
            onChange={(event) => setPreferences({ keys: event.target.checked })}
          />
          {t('Single-letter keys')}
        </label>
      </div>
    </Dialog>
  );
}
