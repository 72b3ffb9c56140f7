// Who may: the rules as they are configured (docs/guides/access.md), the people they are about, the sessions that are open, and API tokens. Parts: access/.

import { People } from '../access/people.tsx';
import { Rules } from '../access/rules.tsx';
import { Sessions } from '../access/sessions.tsx';
import { Tokens } from '../access/tokens.tsx';
import { t } from '../language/text.ts';
import { Bar } from '../shell/layout.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import '../access/access.css';

export default function AccessPage() {
  useRowKeys();
  return (
    <>
      <Bar title={t('Access')} />
      <main className="content access-page" id="main">
        <Rules />
        <People />
        <Sessions />
        <Tokens />
      </main>
    </>
  );
}
