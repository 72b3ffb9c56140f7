// Who asks, and what one may do: the roles, and what a route or an operation needs of them.
// Not here: telling who it is (gate.ts).
// Holds: every route says what it needs (plugin.ts refuses one that does not); an operation says it in its row
// (../operations/table.ts). Everybody who gets in is an admin today, or a viewer where nothing may be changed: roles of users come later.
import type { CommandAccess } from '../../control/commands.ts';

/** viewer: looks. operator: acts on tasks and queues. admin: acts on workers as such, too. Each may what those before it may. */
export type Role = CommandAccess;

/** What a route needs; 'public': nothing, not even a login. */
export type Access = 'public' | Role;

export interface Identity {
  /** null: nobody logs in here. */
  readonly name: string | null;
  readonly role: Role;
  /** How it is known: a login, the address of the socket, the server this is a plugin of; nothing, on a public route. */
  readonly via: 'basic' | 'loopback' | 'server' | 'nothing';
}

const RANK: Readonly<Record<Access, number>> = { public: 0, viewer: 1, operator: 2, admin: 3 };

export function may({ role }: Identity, access: Access): boolean {
  return RANK[role] >= RANK[access];
}

/** For routes: `config: VIEWER`. */
export const VIEWER = { access: 'viewer' } as const;
export const PUBLIC = { access: 'public' } as const;
