// Who asks, and what one may do: the roles, and what a route or an operation needs of them.
// Not here: telling who it is (gate.ts), which rule gives which grant (rules.ts), what a narrowed reader sees (sight.ts).
// Holds: every route says what it needs (plugin.ts refuses one that does not); an operation says it in its row
// (../operations/table.ts). Where no rules are given everybody who gets in is an admin, or a viewer where nothing may be changed.
import type { CommandAccess } from '../../control/commands.ts';
import { narrower, SEES_ALL, type Sight } from './sight.ts';

/** viewer: looks. operator: acts on tasks and queues. admin: acts on workers as such, too. Each may what those before it may. */
export type Role = CommandAccess;

/** What a route needs; 'public': nothing, not even a login. */
export type Access = 'public' | Role;

/** What somebody may, by the rule that is theirs. */
export interface Grant {
  readonly role: Role;
  /** Nothing may be changed, whatever the role. */
  readonly read_only: boolean;
  /** Patterns of the only actions that are allowed, of those the role may; null: all of them. */
  readonly actions: readonly string[] | null;
  /** Patterns of actions that are not. */
  readonly except: readonly string[];
  /** Patterns of tasks and of queues that may be acted on; null: any. */
  readonly tasks: readonly string[] | null;
  readonly queues: readonly string[] | null;
  readonly sight: Sight;
  /** Which rule says so, from 1; null: there are no rules. */
  readonly rule: number | null;
  /** What has to allow it, too: of a token, what its maker may. */
  readonly within?: Grant;
}

/** The account at a provider that somebody signed in with. */
export interface Account {
  /** Its issuer, or the address of its domain. */
  readonly place: string;
  /** Verified there. null: it was not asked for. */
  readonly email: string | null;
}

export interface Identity {
  /** null: nobody logs in here. */
  readonly name: string | null;
  /** 'viewer' where `grant.read_only`. */
  readonly role: Role;
  /** How it is known: a login with each request, a session, a token, a proxy, the address of the socket, the server this is a plugin of; nothing, on a public route. */
  readonly via: 'basic' | 'session' | 'token' | 'proxy' | 'loopback' | 'server' | 'nothing';
  readonly groups: readonly string[];
  /** From where: of a request that came through a trusted proxy the address it names. null: not known. */
  readonly address: string | null;
  readonly grant: Grant;
  /** Of the session or the token. */
  readonly key: string | null;
  /** The token's name. null: none was used. */
  readonly token: string | null;
  /** null: they signed in in another way. */
  readonly account: Account | null;
}

const RANK: Readonly<Record<Access, number>> = { public: 0, viewer: 1, operator: 2, admin: 3 };

export function may({ role }: Pick<Identity, 'role'>, access: Access): boolean {
  return RANK[role] >= RANK[access];
}

/** Who acts, for the middle of a sentence. */
export const calledBy = ({ name, token }: Pick<Identity, 'name' | 'token'>): string =>
  token === null ? (name ?? 'you') : `the token ${token}`;

export const lower = (a: Role, b: Role): Role => (RANK[a] <= RANK[b] ? a : b);

/** Without rules. */
export function plainGrant(readOnly: boolean): Grant {
  return {
    role: 'admin',
    read_only: readOnly,
    actions: null,
    except: [],
    tasks: null,
    queues: null,
    sight: SEES_ALL,
    rule: null,
  };
}

/** What a token may: what it was given, within what its maker may. */
export function grantWithin(maker: Grant, scope: Grant): Grant {
  return {
    ...scope,
    role: lower(maker.role, scope.role),
    read_only: maker.read_only || scope.read_only,
    sight: narrower(maker.sight, scope.sight.rule),
    rule: null,
    within: maker,
  };
}

export function identified(
  name: string | null,
  via: Identity['via'],
  grant: Grant,
  more: Partial<Pick<Identity, 'groups' | 'address' | 'key' | 'token' | 'account'>> = {},
): Identity {
  const role = grant.read_only ? 'viewer' : grant.role;
  const { groups = [], address = null, key = null, token = null, account = null } = more;
  return { name, role, via, grant, groups, address, key, token, account };
}

/** As the record of who did what names them. */
export const nameOf = ({ name }: Pick<Identity, 'name'>): string => name ?? 'anonymous';

/** For routes: `config: VIEWER`. */
export const VIEWER = { access: 'viewer' } as const;
/** Of no one cluster. */
export const ANYWHERE = { access: 'viewer', anywhere: true } as const;
export const PUBLIC = { access: 'public' } as const;
