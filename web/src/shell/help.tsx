// `?`: every key that acts on this page, and how the pages look. Fed by the registry in shortcuts.ts.
import { Segmented } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { setPreferences, usePreferences } from './preferences.ts';
import { type Shortcut, shown, useRegistered } from './shortcuts.ts';

const GROUPS = ['Go', 'Page', 'List', 'Task', 'View'] as const;

export default function Help({ onClose }: { onClose: () => void }) {
  const all = useRegistered().filter((s) => !s.alias);
  const prefs = usePreferences();
  const of = (group: Shortcut['group']) =>
    all.filter((s, i) => s.group === group && all.findIndex((o) => o.keys === s.keys) === i);
  return (
    <Dialog title="Keys and looks" onClose={onClose} className="help">
      <div className="help-groups">
        {GROUPS.filter((g) => of(g).length > 0).map((group) => (
          <section key={group}>
            <h3>{group}</h3>
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
          label="Theme"
          value={prefs.theme}
          options={[
            ['system', 'System'],
            ['light', 'Light'],
            ['dark', 'Dark'],
          ]}
          onChange={(theme) => setPreferences({ theme })}
        />
        <Segmented
          label="Density"
          value={prefs.density}
          options={[
            ['compact', 'Compact'],
            ['default', 'Default'],
            ['roomy', 'Roomy'],
          ]}
          onChange={(density) => setPreferences({ density })}
        />
        <label className="keep">
          <input
            type="checkbox"
            className="check"
            checked={prefs.keys}
            onChange={(event) => setPreferences({ keys: event.target.checked })}
          />
          Single-letter keys
        </label>
      </div>
    </Dialog>
  );
}
