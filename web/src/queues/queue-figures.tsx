// What is known of one queue: a sentence that says whether it drains, then how much waits and how fast it moves.

import type { QueueRow } from '../../../shared/wire/queues.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { bytes, exactCount, exactTime, rate } from '../ui/format.ts';
import { arrives } from './queue-list.ts';
import { isUnconsumed } from './stranded.ts';

/** What one would ask first: does it drain, and if not, why. */
/** Three of them by name. */
function someOf(workers: readonly string[]): string {
  const named = workers.slice(0, 3).join(', ');
  return workers.length > 3 ? t('{named} and more', { named }) : named;
}

export function Sentence({ queue }: { queue: QueueRow }) {
  const net = queue.per_min;
  const { paused } = queue;
  if (paused)
    return (
      <p className="sentence">
        {rich('Paused by {who} at {time}', { who: <ForeignText text={paused.who} />, time: exactTime(paused.at) })}
        {queue.workers.length === 0
          ? t(': what arrives waits until it is resumed.')
          : tn(
              queue.workers.length,
              ', yet # worker consumes it: {workers}. Resume it, then pause it again to stop them.',
              ', yet # workers consume it: {workers}. Resume it, then pause it again to stop them.',
              { workers: someOf(queue.workers) },
            )}
      </p>
    );
  const words =
    queue.messages === null
      ? t('This broker could not be asked how much waits.')
      : queue.messages > 0 && isUnconsumed(queue)
        ? t('No worker consumes it: what waits stays until one does.')
        : net !== null && net >= 0.5
          ? t('{rate} a minute more arrive than leave.', { rate: rate(net) })
          : queue.messages > 0 && net !== null && net <= -0.5
            ? t('{rate} a minute more leave than arrive.', { rate: rate(-net) })
            : null;
  return words && <p className="sentence">{words}</p>;
}

export function Figures({ queue }: { queue: QueueRow }) {
  return (
    <div className="queue-figures">
      <p>
        {rich('<b>{count}</b> waiting', {
          count: queue.messages === null ? t('unknown') : exactCount(queue.messages),
        })}
        {queue.unacked !== null &&
          rich(', <b>{count}</b> taken and not yet acknowledged', { count: exactCount(queue.unacked) })}
        <ByPriority queue={queue} />
      </p>
      <p className="muted">
        {rich('In <b>{in}</b>, out <b>{out}</b> a minute', { in: rate(arrives(queue)), out: rate(queue.out_per_min) })}
      </p>
      <Managed queue={queue} />
    </div>
  );
}

/** What RabbitMQ's management API adds, where the dashboard was given one. */
function Managed({ queue: { managed } }: { queue: QueueRow }) {
  if (managed === undefined) return null;
  if (managed === null)
    return <p className="muted">{t('Its rates and memory are not known: broker_api does not tell.')}</p>;
  const { in_per_min, out_per_min, memory, idle_since } = managed;
  return (
    <p className="muted">
      {rich('By the broker: in <b>{in}</b>, out <b>{out}</b> a minute, <b>{memory}</b>', {
        in: rate(in_per_min),
        out: rate(out_per_min),
        memory: bytes(memory),
      })}
      {idle_since !== null && t(', idle since {time}', { time: exactTime(idle_since) })}
    </p>
  );
}

/** One list a step on Redis, the smallest number first; elsewhere the largest. */
function ByPriority({ queue }: { queue: QueueRow }) {
  const steps = Object.entries(queue.by_priority).sort((a, b) => Number(a[0]) - Number(b[0]));
  if (steps.length === 0 || (steps.length === 1 && steps[0]![0] === '0')) return null;
  return (
    <>
      {t('; by priority: ')}
      {steps.map(([step, n], i) => (
        <span key={step}>
          {i > 0 && ', '}
          {rich('<b>{n}</b> at {step}', { n: exactCount(n), step })}
        </span>
      ))}
    </>
  );
}
