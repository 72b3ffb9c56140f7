// What an operation is: one row with its name, who may do it, its subject, check, run, and how its effect is seen afterwards.
// Not here: the rows (table.ts and the files it lists), doing one (perform.ts), following its effect (follow.ts). Shapes of requests:
// shared/wire/operations.ts.
import type { Masking } from '../../../shared/masking.ts';
import type { EffectLine, EffectTasks } from '../../../shared/wire/effect.ts';
import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';
import { type CommandAccess, findCommand } from '../../control/commands.ts';
import type { Replies } from '../../control/control.ts';
import type { OperationRecords, OperationResult } from '../access/audit.ts';
import type { ClusterActions } from '../cluster/actions.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { Feed } from '../live/feed.ts';
import type { Waiting } from '../waiting/waiting.ts';
import type { Follower } from './follow.ts';
import type { Interventions } from './interventions.ts';
import type { StartRates } from './start-rates.ts';

/** What operations are done with. */
export interface OperationDesk {
  readonly cluster: ClusterView;
  readonly actions: ClusterActions;
  /** Where operations are recorded. */
  readonly records: OperationRecords;
  readonly feed: Feed;
  readonly waiting: Waiting;
  readonly interventions: Interventions;
  readonly rates: StartRates;
  readonly follower: Follower;
  /** Takes secrets out of what is recorded. */
  readonly masking: Masking;
}

/** The request is well formed and cannot be done, with the reason. */
export class Refused extends Error {}
/** What it was asked for is so already, or over. */
export class NothingToDo extends Refused {}

export type RequestOf<A extends OperationRequest['action']> = Extract<OperationRequest, { action: A }>;

/** Who asks may not: it is recorded, and not done. */
export class Forbidden extends Error {}

/** Whom a request reaches. */
export interface Reach {
  /** As it was asked; null: every worker. */
  readonly destination: readonly string[] | null;
  /** Who is expected to answer: those, or all that are online. */
  readonly expected: readonly string[];
  /** Options for remote control: wait for that many replies. */
  readonly control: {
    readonly reply: true;
    readonly timeout: number;
    readonly destination: readonly string[] | null;
    readonly limit?: number;
    /** What comes after the time is up: the record is amended by it. */
    readonly onLate: (reply: Record<string, unknown>) => void;
  };
}

/** What is seen of an effect at one look. */
export interface Seen {
  readonly sentence: string;
  readonly lines: readonly EffectLine[];
  readonly tasks: EffectTasks | null;
}

/** Looks at an effect again and again; made before the operation is done, so that it knows how things were. */
export interface Watch {
  /** How long it is worth looking. @unit seconds */
  readonly lasting: number;
  see(record: OperationRecord): Promise<Seen>;
}

export interface Operation<A extends OperationRequest['action'] = OperationRequest['action']> {
  readonly action: A;
  /** That of the remote command of its name, unless it has one of its own. */
  readonly access: CommandAccess;
  /** One line for the audit log. */
  subject(request: RequestOf<A>): string;
  /** What the audit log keeps of the request. Default: all of it. */
  recorded?(request: RequestOf<A>, masking: Masking): RequestOf<A>;
  /** Whom it reaches, where the request does not say. Not given: every worker. */
  reaches?(desk: OperationDesk, request: RequestOf<A>): string[];
  /** @throws Refused */
  check?(desk: OperationDesk, request: RequestOf<A>): void;
  run(desk: OperationDesk, request: RequestOf<A>, reach: Reach, who: string): Promise<OperationResult>;
  /** What `run` does with replies besides judging them, for those that came late. */
  heardLate?(desk: OperationDesk, request: RequestOf<A>, replies: Replies): void;
  /** Whether the workers that answered are asked at once what is so now. */
  readonly readsBack: boolean;
  /** null: nothing of it can be seen. */
  watch?(desk: OperationDesk, request: RequestOf<A>, reach: Reach): Promise<Watch | null>;
}

type Row<A extends OperationRequest['action']> = Omit<Operation<A>, 'access' | 'readsBack'> &
  Partial<Pick<Operation<A>, 'access' | 'readsBack'>>;

/** A row with its own request, as the table holds it among others. */
export function operation<A extends OperationRequest['action']>(row: Row<A>): Operation {
  const access = row.access ?? findCommand(row.action)?.access;
  if (access === undefined) throw new Error(`${row.action} is no remote command: its row must say who may do it.`);
  return { readsBack: true, ...row, access } as unknown as Operation;
}
