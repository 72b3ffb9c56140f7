// Who may: the sessions that are open, and API tokens. Parts: access/. Roles and rules stand in the configuration (docs/guides/access.md).

import { Sessions } from '../access/sessions.tsx';
import { Tokens } from '../access/tokens.tsx';
import { t } from '../language/text.ts';
import { Bar } from '../shell/layout.tsx';
import '../access/access.css';

export default function AccessPage() {
  return (
    <>
      <Bar title={t('Access')} />
      <main className="content access-page" id="main">
        <Sessions />
        <Tokens />
      </main>
    </>
  );
}
