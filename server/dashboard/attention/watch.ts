// From findings to needs: what was found for long enough, grouped by kind, five at most. A need ends when it was not found for a while.
// Not here: what is found (kinds.ts), on which facts (gather.ts).
// Holds: pure but for its memory of when a thing was first and last found; `needs` reads that memory and nothing else, so that two
// readers between two looks see the same.
import { shortenMiddle } from '../../../shared/format/text.ts';
import type { Need } from '../../../shared/wire/attention.ts';
import type { Facts } from './facts.ts';
import type { Finding, Kind } from './kind.ts';
import { KINDS } from './kinds.ts';

/** Kinds shown at once. */
const MAX_KINDS = 5;
const SUBJECTS = 5;
const EVIDENCE = 3;
const LABEL = 40;
/** Findings of one kind remembered; of the rest only the number. */
const REMEMBERED = 10_000;
const RANK = { critical: 0, warning: 1, notice: 2 } as const;

interface Remembered {
  finding: Finding;
  /** @unit seconds since the epoch */
  since: number;
  /** @unit monotonic milliseconds */
  readonly firstMs: number;
  lastMs: number;
}

export interface Needs {
  readonly needs: Need[];
  /** Further kinds, for which there was no room. */
  readonly more: number;
}

export class Watch {
  readonly #memory = new Map<Kind, Map<string, Remembered>>();
  readonly #kinds: readonly Kind[];
  /** Kinds that could conclude something at the last look. */
  #concluding = new Set<Kind>();
  #nowMs = 0;

  constructor(kinds: readonly Kind[] = KINDS) {
    this.#kinds = kinds;
  }

  /** A look at the facts, about once a second. @param nowMs monotonic */
  observe(facts: Facts, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#concluding = new Set(this.#kinds.filter((kind) => canConclude(kind, facts)));
    for (const kind of this.#kinds) {
      const known = this.#memory.get(kind) ?? new Map<string, Remembered>();
      this.#memory.set(kind, known);
      // What was found before is neither true nor untrue now.
      if (!this.#concluding.has(kind)) {
        for (const one of known.values()) one.lastMs = nowMs;
        continue;
      }
      for (const finding of kind.find(facts)) {
        const one = known.get(finding.key);
        if (one) Object.assign(one, { finding, since: finding.since ?? one.since, lastMs: nowMs });
        else if (known.size < REMEMBERED)
          known.set(finding.key, { finding, since: finding.since ?? facts.now, firstMs: nowMs, lastMs: nowMs });
      }
      for (const [key, one] of known) if (hasEnded(kind, one, nowMs)) known.delete(key);
    }
  }

  /** What needs a person, as of the last look. */
  needs(): Needs {
    const all: Need[] = [];
    for (const kind of this.#kinds) {
      if (!this.#concluding.has(kind)) continue;
      const held = [...(this.#memory.get(kind)?.values() ?? [])].filter((one) => holdsFor(kind, one));
      if (held.length > 0) all.push(attentionOf(kind, held));
    }
    // The table is in order of urgency already.
    all.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
    return { needs: all.slice(0, MAX_KINDS), more: Math.max(0, all.length - MAX_KINDS) };
  }

  /** All of one kind that hold; null: nothing can be concluded of it now. */
  findings(kind: Kind['kind']): readonly Finding[] | null {
    for (const [of, known] of this.#memory)
      if (of.kind === kind)
        return this.#concluding.has(of)
          ? [...known.values()].filter((one) => holdsFor(of, one)).map(({ finding, since }) => ({ ...finding, since }))
          : null;
    return null;
  }

  /** The needs of one kind that name this subject. */
  has(kind: Kind['kind'], key: string): boolean {
    for (const [of, known] of this.#memory)
      if (of.kind === kind && this.#concluding.has(of)) {
        const one = known.get(key);
        return one !== undefined && this.#nowMs - one.firstMs >= of.holds * 1000;
      }
    return false;
  }
}

function canConclude(kind: Kind, facts: Facts): boolean {
  if (kind.grace !== null && (facts.settledFor === null || facts.settledFor < kind.grace)) return false;
  return kind.restsOn.every(
    (source) => facts.knowledge[source].ok !== false && (source !== 'events' || facts.knowledge.events.ok === true),
  );
}

const holdsFor = (kind: Kind, { firstMs, lastMs }: Remembered): boolean => lastMs - firstMs >= kind.holds * 1000;

function hasEnded(kind: Kind, one: Remembered, nowMs: number): boolean {
  return nowMs > one.lastMs && nowMs - one.lastMs >= kind.ends * 1000;
}

function attentionOf(kind: Kind, held: readonly Remembered[]): Need {
  const sorted = [...held].sort(
    (a, b) => b.finding.weight - a.finding.weight || (a.finding.name < b.finding.name ? -1 : 1),
  );
  const shown = sorted.slice(0, SUBJECTS).map(({ finding }) => finding);
  const [worst] = shown as [Finding, ...Finding[]];
  const isOne = held.length === 1;
  const { subject, detail, href } = isOne
    ? { subject: shortenMiddle(worst.name, LABEL), detail: worst.detail, href: worst.href }
    : kind.several(held.length);
  const severities = held.map(({ finding }) => finding.severity ?? kind.severity);
  return {
    kind: kind.kind,
    severity: severities.reduce((worst, one) => (RANK[one] < RANK[worst] ? one : worst)),
    subject,
    detail,
    title: `${subject} ${detail}`,
    evidence: (isOne ? worst.evidence : shown.flatMap((f) => label(f))).slice(0, EVIDENCE),
    since: Math.min(...held.map(({ since }) => since)),
    subjects: shown.map((f) => ({ name: f.name, label: shortenMiddle(f.name, LABEL), detail: f.detail, href: f.href })),
    count: held.length,
    href,
  };
}

/** The first line of evidence of one among several, with its name. */
function label(finding: Finding): Need['evidence'] {
  const [first] = finding.evidence;
  return first ? [{ text: `${shortenMiddle(finding.name, LABEL)}: ${first.text}`, at: first.at }] : [];
}
