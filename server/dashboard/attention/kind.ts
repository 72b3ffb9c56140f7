// What a kind of need is, and what it finds.
// Not here: the kinds (kinds.ts), when a finding becomes a need (watch.ts).
import type { Evidence, Need, NeedKind } from '../../../shared/wire/attention.ts';
import type { KnowledgeBySource } from '../../../shared/wire/cluster.ts';
import type { Facts } from './facts.ts';

export interface Finding {
  /** The same thing at the next look has the same key. */
  readonly key: string;
  readonly name: string;
  /** The rest of the sentence that begins with its name. */
  readonly detail: string;
  /** Where the facts tell since when. @unit seconds since the epoch */
  readonly since?: number;
  readonly evidence: readonly Evidence[];
  readonly href: string;
  /** The worst first. */
  readonly weight: number;
  readonly severity?: Need['severity'];
}

export interface Kind {
  readonly kind: NeedKind;
  readonly severity: Need['severity'];
  /** Sources without which nothing is concluded, and which must have been whole for so long. */
  readonly restsOn: readonly (keyof KnowledgeBySource)[];
  /** How long the picture must have been whole before anything is concluded. null: it need not. @unit seconds */
  readonly grace: number | null;
  /** How long it must have been found, look by look. @unit seconds */
  readonly holds: number;
  /** How long it must not have been found to end. @unit seconds */
  readonly ends: number;
  find(facts: Facts): Finding[];
  /** Several as one sentence, and where all of them are seen. */
  several(count: number): { subject: string; detail: string; href: string };
}
