// What the broker's memory is taken by, and who is connected to it, by name. Each is there only where the broker says it.

import type { BrokerReply } from '../../../shared/wire/broker.ts';
import { t, tn } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { bytes, count } from '../ui/format.ts';

type Part = BrokerReply['memory_parts'][number]['part'];

const PARTS: Readonly<Record<Part, string>> = {
  data: t('memory|keys and values'),
  tables: t('memory|tables of keys'),
  clients: t('memory|buffers of clients'),
  replicas: t('memory|for replicas'),
  log: t('memory|log to be written'),
  server: t('memory|the server itself'),
};

export function MemoryParts({ broker: { memory, memory_parts: parts } }: { broker: BrokerReply }) {
  const shown = parts.filter(({ bytes: n }) => n > 0).sort((a, b) => b.bytes - a.bytes);
  if (shown.length === 0) return null;
  const room = Math.max(memory.most ?? 0, memory.used ?? 0, 1);
  const free = memory.most && memory.used !== null ? memory.most - memory.used : 0;
  return (
    <section className="card">
      <div className="head">
        <h2>{t('Memory by kind')}</h2>
      </div>
      <div className="memory-bar" aria-hidden="true">
        {shown.map(({ part, bytes: n }) => (
          <span key={part} data-part={part} style={{ flexGrow: n / room }} />
        ))}
        {free > 0 && <span style={{ flexGrow: free / room }} />}
      </div>
      <dl className="facts broker-facts memory-parts">
        {shown.map(({ part, bytes: n }) => (
          <div key={part}>
            <dt data-part={part}>{PARTS[part]}</dt>
            <dd>{bytes(n)}</dd>
          </div>
        ))}
        {free > 0 && (
          <div>
            <dt data-part="free">{t('memory|free')}</dt>
            <dd>{bytes(free)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

export function NamedClients({ broker: { clients, named_clients: named } }: { broker: BrokerReply }) {
  if (named === null || named.groups.length === 0) return null;
  const blocked = named.groups.reduce((sum, one) => sum + one.blocked, 0);
  const isPart = clients.connected !== null && named.of < clients.connected;
  return (
    <section className="card">
      <div className="head">
        <h2>{t('Clients by name')}</h2>
        <p>{isPart ? t('{count} of {all}', { count: named.of, all: clients.connected! }) : count(named.of)}</p>
      </div>
      <dl className="facts broker-facts">
        {named.groups.map(({ name, software, count: n }) => (
          <div key={`${name} ${software}`}>
            <dt className={name === null ? 'muted' : undefined}>
              {name === null ? t('client|without a name') : <ForeignText text={name} />}
              {software !== null && (
                <small className="muted">
                  {' '}
                  <ForeignText text={software} />
                </small>
              )}
            </dt>
            <dd>{count(n)}</dd>
          </div>
        ))}
        {blocked > 0 && (
          <div>
            <dt className="muted">{t('waiting to take')}</dt>
            <dd>{tn(blocked, '# blocked', '# blocked')}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
