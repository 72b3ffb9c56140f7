// /rules and /people: the rules table, what it says of somebody who asks for something, and whom it is about.
// Not here: the rules (../access/rules.ts), whether an operation is within a grant (../access/permit.ts).
// Holds: what is tried is asked of what the gate asks, and changes nothing.
import type { Person, RuleRow } from '../../../shared/wire/rules.ts';
import type { Door } from '../access/door.ts';
import { identityOfToken, ownerless } from '../access/gate.ts';
import { identified } from '../access/identity.ts';
import { type AccessRule, listOf, type Rules } from '../access/rules.ts';
import { tryRule } from '../views/rule-trial.ts';
import { notFound, ProblemError } from './context.ts';
import type { Serve } from './serve.ts';

const DAYS = 30;
const MAX_PEOPLE = 200;

/** @param rules of the cluster */
export function ruleRoutes(serve: Serve, { signIn }: Pick<Door, 'signIn'>, rules: Rules): void {
  const { sessions } = signIn;

  serve('GET /rules', async ({ options }, { identity }) => {
    const all = await sessions.list();
    const signedIn = (number: number): string[] => {
      const users = all.filter(({ user, groups }) => rules.grantOf(user, groups)?.rule === number);
      return [...new Set(users.map(({ user }) => user))];
    };
    const rows = rules.table?.map((rule, i) => ({ ...ruleRow(rule), signed_in: signedIn(i + 1) })) ?? null;
    return { items: rows, read_only: options.read_only, yours: identity.grant.rule };
  });

  serve('GET /rules/try', async ({ options, tokens }, { query }) => {
    const { who, groups = '', token: id, ...asked } = query;
    if ((who === undefined) === (id === undefined))
      throw new ProblemError(400, 'Bad request', "Give 'who' asks, by name, or the id of a 'token': one of them.");
    const refused = (reason: string) => ({ allowed: false, reason, role: null, rule: null });
    if (who !== undefined) {
      const of = groups.split(',').map((one) => one.trim());
      const grant = rules.grantOf(who, of);
      return grant === null
        ? refused(`No rule lets ${who} in.`)
        : tryRule(identified(who, 'nothing', grant, { groups: of }), asked);
    }
    const found = await tokens.find(id!);
    if (found === null) throw notFound(`There is no token ${id}.`);
    const { token, state } = found;
    if (state !== 'active') return refused(`The token ${token.name} is ${state}.`);
    const identity = identityOfToken(token, rules, options, null);
    return identity === null ? refused(ownerless(token)) : tryRule(identity, asked);
  });

  serve('GET /people', async ({ cluster }) => {
    const [all, recorded] = await Promise.all([
      sessions.list(),
      cluster.history.people(cluster.now - DAYS * 86_400, MAX_PEOPLE),
    ]);
    const names = new Set([...all.map(({ user }) => user), ...recorded.map(({ who }) => who)]);
    const people = [...names].flatMap((name): Person[] => {
      const theirs = all.filter(({ user }) => user === name);
      const known = recorded.find(({ who }) => who === name);
      const grant = rules.grantOf(name, [...new Set(theirs.flatMap(({ groups }) => groups))]);
      // Somebody of another cluster.
      if (grant === null && known === undefined) return [];
      return [
        {
          name,
          role: grant?.read_only ? 'viewer' : (grant?.role ?? null),
          rule: grant?.rule ?? null,
          seen: Math.max(known?.last ?? 0, ...theirs.map(({ used }) => used)),
          acts: known?.acts ?? 0,
          sessions: theirs.length,
        },
      ];
    });
    return { items: people.sort((a, b) => b.seen - a.seen).slice(0, MAX_PEOPLE), days: DAYS };
  });
}

/** Lists, where one text may stand for a list of one. */
function ruleRow({ who, role, read_only, sees_values, ...patterns }: AccessRule): Omit<RuleRow, 'signed_in'> {
  const lists = Object.entries(patterns).filter(([, given]) => given !== undefined);
  return {
    ...{ who: [...listOf(who)], read_only: read_only === true },
    scope: {
      role,
      ...Object.fromEntries(lists.map(([name, given]) => [name, [...listOf(given!)]])),
      ...(sees_values !== undefined && { sees_values }),
    },
  };
}
