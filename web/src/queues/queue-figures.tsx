// What is known of one queue: a sentence that says whether it drains, then how much waits and how fast it moves.
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { bytes, exactCount, exactTime, plural, rate } from '../ui/format.ts';
import { arrives } from './queue-list.ts';
import { isUnconsumed } from './stranded.ts';

/** What one would ask first: does it drain, and if not, why. */
export function Sentence({ queue }: { queue: QueueRow }) {
  const net = queue.per_min;
  const { paused } = queue;
  if (paused)
    return (
      <p className="sentence">
        Paused by <ForeignText text={paused.who} /> at {exactTime(paused.at)}
        {queue.workers.length === 0
          ? ': what arrives waits until it is resumed.'
          : `, yet ${plural(queue.workers.length, 'worker')} consume${queue.workers.length === 1 ? 's' : ''} it: ${queue.workers.slice(0, 3).join(', ')}${queue.workers.length > 3 ? ' and more' : ''}. Resume it, then pause it again to stop them.`}
      </p>
    );
  const words =
    queue.messages === null
      ? 'This broker could not be asked how much waits.'
      : queue.messages > 0 && isUnconsumed(queue)
        ? 'No worker consumes it: what waits stays until one does.'
        : net !== null && net >= 0.5
          ? `${rate(net)} a minute more arrive than leave.`
          : queue.messages > 0 && net !== null && net <= -0.5
            ? `${rate(-net)} a minute more leave than arrive.`
            : null;
  return words && <p className="sentence">{words}</p>;
}

export function Figures({ queue }: { queue: QueueRow }) {
  return (
    <div className="queue-figures">
      <p>
        <b>{queue.messages === null ? 'unknown' : exactCount(queue.messages)}</b> waiting
        {queue.unacked !== null && (
          <>
            , <b>{exactCount(queue.unacked)}</b> taken and not yet acknowledged
          </>
        )}
        <ByPriority queue={queue} />
      </p>
      <p className="muted">
        In <b>{rate(arrives(queue))}</b>, out <b>{rate(queue.out_per_min)}</b> a minute
      </p>
      <Managed queue={queue} />
    </div>
  );
}

/** What RabbitMQ's management API adds, where the dashboard was given one. */
function Managed({ queue: { managed } }: { queue: QueueRow }) {
  if (managed === undefined) return null;
  if (managed === null) return <p className="muted">Its rates and memory are not known: broker_api does not tell.</p>;
  const { in_per_min, out_per_min, memory, idle_since } = managed;
  return (
    <p className="muted">
      By the broker: in <b>{rate(in_per_min)}</b>, out <b>{rate(out_per_min)}</b> a minute, <b>{bytes(memory)}</b>
      {idle_since !== null && <>, idle since {exactTime(idle_since)}</>}
    </p>
  );
}

/** One list a step on Redis, the smallest number first; elsewhere the largest. */
function ByPriority({ queue }: { queue: QueueRow }) {
  const steps = Object.entries(queue.by_priority).sort((a, b) => Number(a[0]) - Number(b[0]));
  if (steps.length === 0 || (steps.length === 1 && steps[0]![0] === '0')) return null;
  return (
    <>
      {'; by priority: '}
      {steps.map(([step, n], i) => (
        <span key={step}>
          {i > 0 && ', '}
          <b>{exactCount(n)}</b> at {step}
        </span>
      ))}
    </>
  );
}
