// Whether what comes of a signature are the results of a group, and no one result.
// Not here: groups (group.ts).
import { Chain } from './chain.ts';
import { Chord } from './chord.ts';
import { Group, isEmptyGroup } from './group.ts';
import type { Signature } from './signature.ts';

export function endsInGroup(signature: Signature): boolean {
  if (signature instanceof Chord) return endsInGroup(signature.body);
  if (!(signature instanceof Chain)) return signature instanceof Group;
  const last = signature.tasks.findLast((task) => !isEmptyGroup(task));
  return last !== undefined && endsInGroup(last);
}
