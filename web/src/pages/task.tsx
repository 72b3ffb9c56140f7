// One task as a page of its own: the same parts as beside the list, side by side where there is room.

import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { t } from '../language/text.ts';
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
      label: t('Back'),
      group: 'Task',
      run: () => (history.length > 1 ? router.history.back() : void router.navigate({ to: '/tasks' })),
    },
    { keys: 'c', label: t('Copy id'), group: 'Task', run: () => void copyText(id, t('id')) },
  ]);
  return (
    <>
      <Bar title={t('Task {id}', { id: shortId(id) })}>
        <nav aria-label={t('nav|Where')}>
          <Link to="/tasks">{t('Tasks')}</Link>
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
