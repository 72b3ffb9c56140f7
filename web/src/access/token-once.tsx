// A token that was just made, in a band that cannot be missed: it is nowhere else, and goes when one says that one has it.

import type { TokenMade } from '../../../shared/wire/tokens.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { Button, copyText } from '../ui/button.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';

export function TokenOnce({ made, onDone }: { made: TokenMade; onDone: () => void }) {
  return (
    <div className="token-once" role="status">
      <p>
        {rich('<b>{name} is made.</b> Copy it now: only its hash is kept, so it cannot be shown again.', {
          name: <ForeignText text={made.made.name} />,
        })}
      </p>
      <code className="input">{made.token}</code>
      <div className="btns">
        <Button kind="primary" icon="copy" onClick={() => void copyText(made.token, t('token'))}>
          {t('Copy token')}
        </Button>
        <Button kind="bare" onClick={onDone}>
          {t('I have it')}
        </Button>
      </div>
    </div>
  );
}
