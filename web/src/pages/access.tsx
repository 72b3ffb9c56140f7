// Who may: API tokens. Parts: access/. Roles and rules stand in the configuration (docs/guides/access.md).
import { Tokens } from '../access/tokens.tsx';
import { Bar } from '../shell/layout.tsx';

export default function AccessPage() {
  return (
    <>
      <Bar title="Access" />
      <main className="content access-page" id="main">
        <Tokens />
      </main>
    </>
  );
}
