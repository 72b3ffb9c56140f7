// Which broker it is, whether it answers, and its figures of now and of the last hour.

import type { BrokerReply } from '../../../shared/wire/broker.ts';
import { Spark } from '../charts/spark.tsx';
import { localFigures } from '../language/figures.ts';
import { fromServer, t } from '../language/text.ts';
import { bytes, count, duration, exactCount } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

export function BrokerHead({ broker, children }: { broker: BrokerReply; children: React.ReactNode }) {
  const { url, failure, latency_ms: latency, product, version, uptime } = broker;
  return (
    <header className="broker-head">
      <div>
        <h2 className="code">{url}</h2>
        <span className="alive" data-state={failure === null ? 'online' : 'offline'}>
          <Icon name={failure === null ? 'online' : 'offline'} />
          {failure === null ? answers(latency) : t('does not answer')}
        </span>
        {failure === null ? (
          <p className="muted">
            {[
              product === null ? null : `${product} ${version ?? ''}`.trim(),
              uptime === null ? null : t('up {age}', { age: duration(uptime) }),
            ]
              .filter(Boolean)
              .join(', ')}
          </p>
        ) : (
          <p className="why">{fromServer(failure)}</p>
        )}
      </div>
      <div className="btns">{children}</div>
    </header>
  );
}

const answers = (latency: number | null): string =>
  latency === null ? t('answers') : t('answers in {time}', { time: localFigures(`${Math.round(latency)} ms`) });

export function BrokerFigures({ broker }: { broker: BrokerReply }) {
  const { memory, file_bytes: file, clients, messages, traffic, hour } = broker;
  return (
    <section className="card figures" aria-label={t('Now')}>
      {file === null ? (
        <Figure
          title={t('Memory')}
          value={memory.used === null ? null : bytes(memory.used)}
          unit={
            memory.most === null
              ? undefined
              : memory.most === 0
                ? t('no limit')
                : t('of {most}', { most: bytes(memory.most) })
          }
          line={hour.memory}
          label={t('Memory, last hour')}
        />
      ) : (
        <Figure title={t('broker|File')} value={bytes(file)} line={null} label={t('broker|File')} />
      )}
      <Figure
        title={t('Clients')}
        value={clients.connected === null ? null : count(clients.connected)}
        unit={clients.most === null ? undefined : t('of {most}', { most: clients.most })}
        exact={clients.connected}
        line={hour.clients}
        label={t('Clients, last hour')}
      />
      <Figure
        title={t('Waiting')}
        value={messages.ready === null ? null : count(messages.ready)}
        unit={t('unit|messages')}
        exact={messages.ready}
        line={hour.ready}
        label={t('Waiting messages, last hour')}
      />
      <Figure
        title={t('Unacknowledged')}
        value={messages.unacked === null ? null : count(messages.unacked)}
        unit={t('unit|messages')}
        exact={messages.unacked}
        line={hour.unacked}
        label={t('Unacknowledged messages, last hour')}
      />
      {traffic !== null && (
        <Figure
          title={traffic.of === 'commands' ? t('Commands') : t('Messages sent')}
          value={count(Math.round(traffic.per_second))}
          unit={t('a second')}
          line={hour.traffic}
          label={traffic.of === 'commands' ? t('Commands a second, last hour') : t('Messages sent a second, last hour')}
        />
      )}
    </section>
  );
}

/** @param value null: unknown  @param line by the minute, what `label` names; null: it is not kept */
function Figure({
  title,
  value,
  unit,
  exact,
  line,
  label,
}: {
  title: string;
  value: string | null;
  unit?: string | undefined;
  exact?: number | null;
  line: readonly (number | null)[] | null;
  label: string;
}) {
  return (
    <div>
      <h3>{title}</h3>
      <p
        className={value === null ? 'value unknown' : 'value'}
        title={exact === undefined || exact === null ? undefined : exactCount(exact)}
      >
        {value ?? t('unknown')}
        {value !== null && unit && <small>{unit}</small>}
      </p>
      {value !== null && line !== null && <Spark values={line} height={32} label={label} fromZero />}
    </div>
  );
}
