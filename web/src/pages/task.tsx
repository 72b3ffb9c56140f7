// One task as a page of its own: the same parts as beside the list, side by side where there is room.
import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { TaskBody } from '../tasks/task-detail.tsx';
import { copyText } from '../ui/button.tsx';
import { shortId } from '../ui/task-name.tsx';

const route = getRouteApi('/tasks/$id');

export default function TaskPage() {
  const { id } = route.useParams();
  const router = useRouter();
  useShortcuts([
    {
      keys: 'Escape',
      label: 'Back',
      group: 'Task',
      run: () => (history.length > 1 ? router.history.back() : void router.navigate({ to: '/tasks' })),
    },
    { keys: 'c', label: 'Copy id', group: 'Task', run: () => void copyText(id, 'id') },
  ]);
  return (
    <>
      <Bar title={`Task ${shortId(id)}`}>
        <nav aria-label="Where">
          <Link to="/tasks">Tasks</Link>
        </nav>
      </Bar>
      <main className="content task-page" id="main">
        <article className="detail as-page">
          <TaskBody key={id} id={id} page />
        </article>
      </main>
    </>
  );
}
