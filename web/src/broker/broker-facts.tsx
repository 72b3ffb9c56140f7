// What the broker says of itself in its own words, and which software its workers run.

import type { BrokerReply } from '../../../shared/wire/broker.ts';
import { t, tn } from '../language/text.ts';
import { ForeignText } from '../ui/foreign-text.tsx';

export function BrokerFacts({ facts }: Pick<BrokerReply, 'facts'>) {
  const names = Object.keys(facts).sort();
  if (names.length === 0) return null;
  return (
    <section className="card">
      <div className="head">
        <h2>{t('Settings and state')}</h2>
      </div>
      <dl className="facts broker-facts">
        {names.map((name) => {
          const value = facts[name] ?? null;
          return (
            <div key={name}>
              <dt className="code">{name}</dt>
              <dd className={value === null || value === '' ? 'muted' : 'code'}>
                {value === null ? t('unknown') : value === '' ? t('value|empty') : <ForeignText text={String(value)} />}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

export function Versions({ workers }: Pick<BrokerReply, 'workers'>) {
  return (
    <section className="card">
      <div className="head">
        <h2>{t('Versions')}</h2>
        <p>{t('of the workers that are online')}</p>
      </div>
      {workers.length === 0 ? (
        <p className="quiet-note">{t('No worker is online.')}</p>
      ) : (
        <dl className="facts broker-facts">
          {workers.map(({ ident, version, count }) => (
            <div key={`${ident} ${version}`}>
              <dt>
                <ForeignText text={`${ident} ${version}`} />
              </dt>
              <dd>{tn(count, '# worker', '# workers')}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
