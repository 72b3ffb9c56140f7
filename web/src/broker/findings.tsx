// What of the broker's settings loses or doubles work: each with what was measured, what follows, and what to write. Worst first.
// The rules: the server's views/broker.ts.
import { useId } from 'react';
import type { BrokerFinding, BrokerReply } from '../../../shared/wire/broker.ts';
import { CopyButton } from '../ui/button.tsx';
import { clock, plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

const HARMS: Readonly<Record<BrokerFinding['harm'], { readonly word: string; readonly state: string }>> = {
  loses: { word: 'loses work', state: 'FAILURE' },
  doubles: { word: 'doubles work', state: 'RETRY' },
  refuses: { word: 'refuses soon', state: 'RETRY' },
  fills: { word: 'fills memory', state: 'PENDING' },
};

export function Findings({ broker }: { broker: BrokerReply }) {
  const title = useId();
  const { findings, product, failure } = broker;
  return (
    <section className="card" aria-labelledby={title}>
      <div className="head">
        <h2 id={title}>{headOf(findings)}</h2>
        {product !== null && (
          <p>
            {plural(broker.rules, 'rule')} looked, {clock(broker.at)}
          </p>
        )}
      </div>
      {findings.map((finding) => (
        <Finding key={finding.id} finding={finding} />
      ))}
      {findings.length === 0 && <p className="quiet-note">{quiet(product, failure)}</p>}
    </section>
  );
}

function headOf(findings: readonly BrokerFinding[]): string {
  const of = (harm: BrokerFinding['harm']) => findings.filter((one) => one.harm === harm).length;
  const [loses, doubles] = [of('loses'), of('doubles')];
  const more = findings.length - loses - doubles;
  const parts = [
    loses > 0 && `${plural(loses, 'finding')} ${loses === 1 ? 'loses' : 'lose'} work`,
    doubles > 0 && `${doubles} ${doubles === 1 ? 'doubles' : 'double'} it`,
    more > 0 && (loses + doubles > 0 ? `${more} more` : plural(more, 'finding')),
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(', ') : 'Findings';
}

function quiet(product: string | null, failure: string | null): string {
  if (failure !== null) return 'Unknown while the broker does not answer.';
  if (product === null)
    return "This broker says nothing of its settings to its clients. RabbitMQ's management API tells more: --broker-api.";
  return 'No setting was found that loses or doubles work.';
}

function Finding({ finding: { harm, title, evidence, danger, remedy } }: { finding: BrokerFinding }) {
  const { word, state } = HARMS[harm];
  return (
    <details className="finding" data-state={state} open={harm === 'loses' || harm === 'doubles'}>
      <summary>
        <Icon name={state === 'PENDING' ? 'PENDING' : 'failures'} />
        <b>{title}</b>
        <span className="state tinted">{word}</span>
        <Icon name="right" />
      </summary>
      <dl className="facts">
        <dt>Evidence</dt>
        <dd>{evidence}</dd>
        <dt>Danger</dt>
        <dd>{danger}</dd>
        {remedy.length > 0 && (
          <>
            <dt>Write</dt>
            <dd className="remedy">
              <pre className="code">{remedy.join('\n')}</pre>
              <CopyButton text={remedy.join('\n')} what="lines" />
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}
