// What of the broker's settings loses or doubles work: each with what was measured, what follows, and what to write. Worst first.
// The rules: the server's views/broker.ts.

import { useId } from 'react';
import type { BrokerFinding, BrokerReply } from '../../../shared/wire/broker.ts';
import { fromServer, t, tn } from '../language/text.ts';
import { CopyButton } from '../ui/button.tsx';
import { clock } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

const HARMS: Readonly<Record<BrokerFinding['harm'], { readonly word: string; readonly state: string }>> = {
  loses: { word: t('loses work'), state: 'FAILURE' },
  doubles: { word: t('doubles work'), state: 'RETRY' },
  refuses: { word: t('refuses soon'), state: 'RETRY' },
  fills: { word: t('fills memory'), state: 'PENDING' },
};

export function Findings({ broker }: { broker: BrokerReply }) {
  const title = useId();
  const { findings, product } = broker;
  return (
    <section className="card" aria-labelledby={title}>
      <div className="head">
        <h2 id={title}>{headOf(findings)}</h2>
        {product !== null && (
          <p>{tn(broker.rules, '# rule looked, {time}', '# rules looked, {time}', { time: clock(broker.at) })}</p>
        )}
      </div>
      {findings.map((finding) => (
        <Finding key={finding.id} finding={finding} />
      ))}
      {findings.length === 0 && <p className="quiet-note">{quiet(broker)}</p>}
    </section>
  );
}

function headOf(findings: readonly BrokerFinding[]): string {
  const of = (harm: BrokerFinding['harm']) => findings.filter((one) => one.harm === harm).length;
  const [loses, doubles] = [of('loses'), of('doubles')];
  const more = findings.length - loses - doubles;
  const parts = [
    loses > 0 && tn(loses, '# finding loses work', '# findings lose work'),
    doubles > 0 && tn(doubles, '# doubles it', '# double it'),
    more > 0 && (loses + doubles > 0 ? t('{more} more', { more }) : tn(more, '# finding', '# findings')),
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(', ') : t('Findings');
}

function quiet({ failure, product, url }: BrokerReply): string {
  if (failure !== null) return t('Unknown while the broker does not answer.');
  if (product === null)
    return url.startsWith('amqp')
      ? t(
          "This broker says nothing of its settings to its clients. RabbitMQ's management API tells more: --broker-api.",
        )
      : t('This broker says nothing of its settings to its clients.');
  return t('No setting was found that loses or doubles work.');
}

function Finding({ finding: { harm, title, evidence, danger, remedy } }: { finding: BrokerFinding }) {
  const { word, state } = HARMS[harm];
  return (
    <details className="finding" data-state={state} open={harm === 'loses' || harm === 'doubles'}>
      <summary>
        <Icon name={state === 'PENDING' ? 'PENDING' : 'failures'} />
        <b>{fromServer(title)}</b>
        <span className="state tinted">{word}</span>
        <Icon name="right" />
      </summary>
      <dl className="facts">
        <dt>{t('Evidence')}</dt>
        <dd>{fromServer(evidence)}</dd>
        <dt>{t('Danger')}</dt>
        <dd>{fromServer(danger)}</dd>
        {remedy.length > 0 && (
          <>
            <dt>{t('remedy|Write')}</dt>
            <dd className="remedy">
              <pre className="code">{remedy.join('\n')}</pre>
              <CopyButton text={remedy.join('\n')} what={t('copied|lines')} />
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}
