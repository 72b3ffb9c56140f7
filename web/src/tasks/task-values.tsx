// Arguments and result of a task: as values where they can be read, else as the text the worker sent, and why.

import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { parsePythonLiteral } from '../../../shared/python-literal.ts';
import { PyTuple } from '../../../shared/python-values.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { ResultReply } from '../../../shared/wire/task-values.ts';
import { urlOf } from '../api/client.ts';
import { callQuery, resultQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { Button, CopyButton } from '../ui/button.tsx';
import { ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText, LongText } from '../ui/foreign-text.tsx';
import { bytes } from '../ui/format.ts';
import { type Part, partsOf, show } from '../ui/value.ts';
import { ShownValue, ValueTree } from '../ui/value-tree.tsx';
import type { KnownTask } from './known-task.ts';

const SOURCES = {
  message: t('its message'),
  unacked: t('its message, which a worker has'),
  result: t('its result record'),
  event: t('its event'),
} as const;

export function Arguments({ task }: { task: KnownTask }) {
  const text = `${task.args ?? ''}${task.kwargs ?? ''}`;
  const args = useMemo(() => parsePythonLiteral(task.args || '()'), [task.args]);
  const kwargs = useMemo(() => parsePythonLiteral(task.kwargs || '{}'), [task.kwargs]);
  const isUnknown = task.args === null && task.kwargs === null;
  const cut =
    task.args_truncated || task.kwargs_truncated || (!args.ok && args.truncated) || (!kwargs.ok && kwargs.truncated);
  const asked = useQuery({ ...callQuery(task.uuid, task.state), enabled: !task.partial && (cut || isUnknown) });
  const whole = asked.data?.task_id === task.uuid && asked.data.source !== null ? asked.data : null;
  const parts: Part[] = [];
  if (whole) parts.push(...argumentParts(whole.args, whole.kwargs));
  else {
    if (args.ok) parts.push(...argumentParts(args.value, {}));
    if (kwargs.ok) parts.push(...argumentParts([], kwargs.value));
  }
  const said = () => {
    if (whole)
      return whole.cut
        ? t('the first part of {size}, from {source}', { size: bytes(whole.size), source: SOURCES[whole.source!] })
        : t('complete, from {source}', { source: SOURCES[whole.source!] });
    if (isUnknown) return t('unknown');
    return cut ? t('cut by the sender') : t('complete, {size}', { size: bytes(text.length) });
  };
  return (
    <section>
      <h3>
        {t('Arguments')} <span>{said()}</span>
        <CopyButton
          text={whole ? pythonCall(show(whole.args), show(whole.kwargs)) : pythonCall(task.args, task.kwargs)}
          what={t('as Python')}
        />
      </h3>
      {!whole && !args.ok && <RawText label="args" text={task.args ?? ''} />}
      {parts.length > 0 ? (
        <ValueTree label={t('Arguments')} parts={parts} />
      ) : (
        (whole || (args.ok && kwargs.ok)) && (
          <p className="muted">
            {isUnknown && !whole ? t('Its event carries no arguments.') : t('Called without arguments.')}
          </p>
        )
      )}
      {!whole && !kwargs.ok && <RawText label="kwargs" text={task.kwargs ?? ''} />}
      {cut && !whole && asked.data?.reason && (
        <p className="muted gone">
          <ForeignText text={fromServer(asked.data.reason)} />
        </p>
      )}
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
      <LongText text={text} />
    </pre>
  );
}

/** The event's short word for the result; the whole one from the result backend when asked for. */
export function Result({ task }: { task: KnownTask }) {
  const [asked, setAsked] = useState(false);
  const stored = useQuery({ ...resultQuery(task.uuid), enabled: asked });
  if (
    !ENDED_STATES.has(task.state) &&
    task.result === null &&
    !task.orphaned &&
    !task.end_unknown &&
    task.unknown_since === undefined
  )
    return null;
  const reported = task.result;
  return (
    <section>
      <h3>
        {t('Result')} <span>{saidOf(stored.data, reported)}</span>
        {reported !== null && <CopyButton text={reported} what={t('result')} />}
      </h3>
      {stored.data?.found ? (
        <StoredValue reply={stored.data} />
      ) : reported !== null ? (
        <Repr text={reported} />
      ) : (
        <p className="muted">
          {task.state === 'SUCCESS'
            ? t('Its event carries no result.')
            : ENDED_STATES.has(task.state)
              ? t('It has none.')
              : t('None is known.')}
        </p>
      )}
      {stored.isFetching && <Skeleton rows={1} label={t('Asking the result backend')} />}
      {stored.isError && (
        <ErrorNote
          what={t('The stored result could not be read')}
          error={stored.error}
          onRetry={() => void stored.refetch()}
        />
      )}
      {stored.data && !stored.data.found && (
        <p className="muted gone">
          {t('Gone: {why}', {
            why: fromServer(stored.data.reason) ?? t('the result backend has no such record'),
          })}
        </p>
      )}
      {!asked && (
        <Button kind="bare" className="ask" onClick={() => setAsked(true)}>
          {t('Read the stored result')}
        </Button>
      )}
    </section>
  );
}

function saidOf(stored: ResultReply | undefined, reported: string | null): string {
  if (stored?.found)
    return stored.cut ? t('as stored, the first part of {size}', { size: bytes(stored.size) }) : t('as stored');
  if (reported === null) return '';
  const read = parsePythonLiteral(reported);
  return !read.ok && read.truncated ? t('from its event, cut by the worker') : t('from its event');
}

function StoredValue({ reply }: { reply: ResultReply }) {
  return (
    <>
      <ShownValue value={reply.result} label={t('Result')} />
      {reply.cut && (
        <p className="muted gone">
          {rich('It is too large to be drawn. <a>Download all {size}</a>', {
            size: bytes(reply.size),
            a: (inside) => (
              <a
                className="link"
                href={urlOf('/tasks/:uuid/result', { params: { uuid: reply.task_id }, query: { whole: true } })}
                download={`${reply.task_id}.json`}
              >
                {inside}
              </a>
            ),
          })}
        </p>
      )}
    </>
  );
}

function Repr({ text }: { text: string }) {
  const read = useMemo(() => parsePythonLiteral(text), [text]);
  if (!read.ok)
    return (
      <pre className="plain-text code">
        <LongText text={text} />
      </pre>
    );
  return <ShownValue value={read.value} label={t('Result')} />;
}
