// Which workflows there are of late: those with tasks that have not ended, and the newest.
import { ENDED_STATES } from '../../../shared/states.ts';
import type { WorkflowsReply } from '../../../shared/wire/workflows.ts';
import type { Sight } from '../access/sight.ts';
import type { ClusterView } from '../cluster/view.ts';

const LISTED = 100;

export async function workflowList(cluster: ClusterView, sight: Sight, signal?: AbortSignal): Promise<WorkflowsReply> {
  const { items, lookedBackTo } = await cluster.history.workflows({ limit: LISTED, tree: sight.tree }, signal);
  return {
    items: items
      .map(({ uuid, name, queue, isGroup, states, tasks, isCut, began, last }) => {
        const of = (isCounted: (state: string) => boolean) =>
          Object.entries(states).reduce((sum, [state, n]) => sum + (isCounted(state) ? n : 0), 0);
        return {
          root: uuid,
          // Others of it may be seen where its first task may not.
          name: sight.row({ name, queue }) ? name : null,
          is_group: isGroup,
          tasks,
          tasks_are: isCut ? ('at_least' as const) : ('exact' as const),
          states: { ...states },
          unfinished: of((state) => !ENDED_STATES.has(state)),
          failed: of((state) => state !== 'SUCCESS' && ENDED_STATES.has(state)),
          began,
          last,
        };
      })
      .sort((a, b) => Number(b.unfinished > 0) - Number(a.unfinished > 0) || b.last - a.last),
    looked_back_to: lookedBackTo,
  };
}
