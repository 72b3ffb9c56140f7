// A task's name: module faint, function in ink. Only the module shortens, at its front, so the function is always whole.
// Ids: eight characters in lists, the rest on hover, focus and copy.

import { t } from '../language/text.ts';
import { ForeignText } from './foreign-text.tsx';
import { visible } from './invisible.ts';

export function TaskName({ name }: { name: string | null }) {
  if (!name) return <span className="faint">{t('unknown')}</span>;
  const cut = name.lastIndexOf('.') + 1;
  return (
    <span className="name" title={visible(name)}>
      {cut > 0 && (
        <i>
          <ForeignText text={name.slice(0, cut)} />
        </i>
      )}
      <b>
        <ForeignText text={name.slice(cut)} />
      </b>
    </span>
  );
}

export { shortId } from '../../../shared/format/text.ts';
