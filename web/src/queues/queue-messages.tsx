// The head of a queue in order of delivery, read without taking anything.
import { Link } from '@tanstack/react-router';
import type { PeekedMessage } from '../../../shared/wire/queues.ts';
import { argumentsOf } from '../tasks/call-arguments.ts';
import { Empty } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { bytes, exactTime } from '../ui/format.ts';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';

interface Picking {
  readonly picked: readonly string[];
  /** null: nothing can be done with them. */
  readonly onPick: ((ids: readonly string[]) => void) | null;
}

const pickColumn = (picked: readonly string[], onPick: (ids: readonly string[]) => void): Column<PeekedMessage> => ({
  id: 'pick',
  label: '',
  width: 40,
  cell: ({ uuid, position }) =>
    uuid !== null && (
      <label className="pick">
        <input
          type="checkbox"
          aria-label={`Pick message ${position}`}
          checked={picked.includes(uuid)}
          onChange={(event) => onPick(event.target.checked ? [...picked, uuid] : picked.filter((id) => id !== uuid))}
        />
      </label>
    ),
});

const COLUMNS: readonly Column<PeekedMessage>[] = [
  { id: 'at', label: 'At', width: 46, num: true, className: 'muted', cell: (m) => m.position },
  { id: 'priority', label: 'Priority', width: 64, num: true, rank: 1, cell: (m) => m.priority ?? '-' },
  { id: 'task', label: 'Task', width: 130, grow: 1, cell: (m) => <TaskName name={m.name} /> },
  {
    id: 'args',
    label: '',
    width: 200,
    grow: 1,
    rank: 2,
    className: 'code muted',
    cell: (m) => (
      <span className="clip" title={argumentsOf(m)}>
        <ForeignText text={argumentsOf(m)} />
      </span>
    ),
  },
  {
    id: 'id',
    label: 'id',
    width: 96,
    rank: 3,
    className: 'code muted',
    cell: (m) =>
      m.uuid ? (
        <Link to="/tasks/$id" params={{ id: m.uuid }} className="row-link" title={m.uuid}>
          {shortId(m.uuid)}
        </Link>
      ) : (
        '-'
      ),
  },
  { id: 'note', label: '', width: 120, rank: 4, className: 'muted', cell: (m) => noteOf(m) },
  { id: 'size', label: '', width: 70, num: true, rank: 5, className: 'muted', cell: (m) => bytes(m.size) },
  {
    id: 'waiting',
    label: 'Waiting for',
    width: 84,
    num: true,
    cell: (m) =>
      m.published === null ? (
        <span className="faint" title="The message does not say when it was sent">
          unknown
        </span>
      ) : (
        <Age at={m.published} />
      ),
  },
];

export function Messages({ peek, picked, onPick }: { peek: readonly PeekedMessage[] | null } & Picking) {
  if (peek === null) {
    return (
      <Empty title="This broker cannot show messages without taking them">
        <p className="muted">Depth and consumers are still known.</p>
      </Empty>
    );
  }
  if (peek.length === 0) return <Empty icon="queues" title="Nothing waits in it" />;
  return (
    <>
      <p className="peeked muted">The first {peek.length} in order of delivery, read without taking them</p>
      <DataTable
        caption="Messages at the head, in order of delivery"
        columns={onPick ? [pickColumn(picked, onPick), ...COLUMNS] : COLUMNS}
        lines={peek.map((row) => ({ kind: 'row', key: String(row.position), row, within: false }))}
      />
    </>
  );
}

function noteOf(m: PeekedMessage): string {
  const due = m.eta ? Date.parse(m.eta) / 1000 : Number.NaN;
  return [
    m.redelivered && 'redelivered',
    m.retries ? `retry ${m.retries}` : '',
    m.eta && `due ${Number.isNaN(due) ? m.eta : exactTime(due).slice(11, 19)}`,
  ]
    .filter(Boolean)
    .join(', ');
}
