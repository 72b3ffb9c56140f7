// Arguments and result of a task: as values where they can be read, else as the text the worker sent, and why.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { parsePythonLiteral } from '../../../shared/python-literal.ts';
import { PyTuple } from '../../../shared/python-values.ts';
import { READY_STATES } from '../../../shared/states.ts';
import type { TaskDetail } from '../../../shared/wire/http.ts';
import { callQuery, resultQuery } from '../api/queries.ts';
import { Button, CopyButton } from '../ui/button.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { kindOf, type Part, partsOf, show } from '../ui/value.ts';
import { ValueTree } from '../ui/value-tree.tsx';
import { bytes } from '../ui/words.ts';

const SOURCES = { message: 'its message', result: 'its result record' } as const;

export function Arguments({ task }: { task: TaskDetail }) {
  const text = `${task.args ?? ''}${task.kwargs ?? ''}`;
  const args = useMemo(() => parsePythonLiteral(task.args || '()'), [task.args]);
  const kwargs = useMemo(() => parsePythonLiteral(task.kwargs || '{}'), [task.kwargs]);
  const isUntold = task.args === null && task.kwargs === null;
  const cut =
    task.args_truncated || task.kwargs_truncated || (!args.ok && args.truncated) || (!kwargs.ok && kwargs.truncated);
  const asked = useQuery({ ...callQuery(task.uuid, task.state), enabled: cut || isUntold });
  const whole = asked.data?.task_id === task.uuid && asked.data.source !== null ? asked.data : null;
  const parts: Part[] = [];
  if (whole) parts.push(...argumentParts(whole.args, whole.kwargs));
  else {
    if (args.ok) parts.push(...argumentParts(args.value, {}));
    if (kwargs.ok) parts.push(...argumentParts([], kwargs.value));
  }
  const said = () => {
    if (whole) return `whole, from ${SOURCES[whole.source!]}; the event's are ${isUntold ? 'missing' : 'cut'}`;
    if (isUntold) return 'not told';
    return cut ? 'cut by the sender' : `complete, ${bytes(text.length)}`;
  };
  return (
    <section>
      <h3>
        Arguments <span title={asked.data?.reason ?? undefined}>{said()}</span>
        <CopyButton
          text={whole ? pythonCall(show(whole.args), show(whole.kwargs)) : pythonCall(task.args, task.kwargs)}
          what="as Python"
        />
      </h3>
      {!whole && !args.ok && <RawText label="args" text={task.args ?? ''} />}
      {parts.length > 0 ? (
        <ValueTree label="Arguments" parts={parts} />
      ) : (
        (whole || (args.ok && kwargs.ok)) && (
          <p className="muted">{isUntold && !whole ? 'The event named no arguments.' : 'Called without arguments.'}</p>
        )
      )}
      {!whole && !kwargs.ok && <RawText label="kwargs" text={task.kwargs ?? ''} />}
    </section>
  );
}

function argumentParts(args: unknown, kwargs: unknown): Part[] {
  const parts: Part[] = itemsOf(args).map((value, i) => ({ key: String(i), value }));
  return [...parts, ...(partsOf(kwargs)?.parts ?? [])];
}

function pythonCall(args: string | null, kwargs: string | null): string {
  const given = [
    args && args !== '()' && args !== '[]' ? `*${args}` : '',
    kwargs && kwargs !== '{}' ? `**${kwargs}` : '',
  ];
  return given.filter(Boolean).join(', ') || '()';
}

function itemsOf(value: unknown): readonly unknown[] {
  if (value instanceof PyTuple) return value.items;
  return Array.isArray(value) ? value : [value];
}

function RawText({ label, text }: { label: string; text: string }) {
  return (
    <pre className="plain-text code">
      <span className="faint">{label} </span>
      {text}
    </pre>
  );
}

/** The event's short word for the result; the whole one from the result backend when asked for. */
export function Result({ task }: { task: TaskDetail }) {
  const [asked, setAsked] = useState(false);
  const stored = useQuery({ ...resultQuery(task.uuid), enabled: asked });
  if (!READY_STATES.has(task.state) && task.result === null) return null;
  const told = task.result;
  return (
    <section>
      <h3>
        Result <span>{stored.data?.found ? 'as stored' : told !== null ? 'as the event told it' : ''}</span>
        {told !== null && <CopyButton text={told} what="result" />}
      </h3>
      {stored.data?.found ? (
        <ShownValue value={stored.data.result} />
      ) : told !== null ? (
        <Repr text={told} />
      ) : (
        <p className="muted">{task.state === 'SUCCESS' ? 'The event named no result.' : 'It has none.'}</p>
      )}
      {stored.isFetching && <Skeleton rows={1} label="Asking the result backend" />}
      {stored.isError && (
        <ErrorNote
          what="The stored result could not be read"
          error={stored.error}
          onRetry={() => void stored.refetch()}
        />
      )}
      {stored.data && !stored.data.found && (
        <p className="muted gone">Gone: {stored.data.reason ?? 'the result backend has no such record'}</p>
      )}
      {!asked && (
        <Button kind="bare" className="ask" onClick={() => setAsked(true)}>
          Read the stored result
        </Button>
      )}
    </section>
  );
}

function Repr({ text }: { text: string }) {
  const read = useMemo(() => parsePythonLiteral(text), [text]);
  if (!read.ok) return <pre className="plain-text code">{text}</pre>;
  return <ShownValue value={read.value} />;
}

function ShownValue({ value }: { value: unknown }) {
  const inside = partsOf(value);
  if (inside && inside.parts.length > 0) return <ValueTree label="Result" parts={inside.parts} named={inside.named} />;
  return (
    <pre className="plain-text code">
      <span className="v" data-type={kindOf(value)}>
        {show(value)}
      </span>
    </pre>
  );
}
