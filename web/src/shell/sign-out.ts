// Signing out: the session ends on the server, and with it what this page holds of it.

import { del } from '../api/client.ts';
import { leave } from '../api/signed-out.ts';
import { t } from '../language/text.ts';
import { toast } from '../ui/toaster.tsx';

export async function signOut(): Promise<void> {
  try {
    await leave(() => del('/session', {}));
  } catch (error) {
    toast(t('Not signed out: {why}', { why: error instanceof Error ? error.message : String(error) }));
  }
}
