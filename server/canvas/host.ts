// The few things canvas asks of an app: to send a task, to run one here, to name results, to revive a signature from the wire.
// `Celery` satisfies it; nothing in canvas imports the app.
import type { Backend } from '../backends/contract.ts';
import type { AsyncResult, EagerResult } from '../results/async-result.ts';
import type { GroupResult } from '../results/group-result.ts';
import type { SignatureLike } from './call-options.ts';
import type { Signature } from './signature.ts';

export type Options = Readonly<Record<string, unknown>>;
export type Kwargs = Readonly<Record<string, unknown>>;
/** Of a canvas whose value is R. */
export type CanvasResult<R = unknown> = AsyncResult<R> | EagerResult<R> | GroupOf<R>;
/** A group's result, each value with its own type. */
export type GroupOf<R> = GroupResult<unknown, R>;

export interface CanvasHost {
  /** Where replies to this client go: the `reply_to` of what it sends. */
  readonly oid: string;
  /** `task_always_eager` */
  readonly alwaysEager: boolean;
  /** `task_allow_error_cb_on_chord_header` */
  readonly errorsOnChordHeader: boolean;
  newId(): string;
  send(task: string, args: readonly unknown[], kwargs: Kwargs, options: Options): Promise<AsyncResult>;
  runHere(task: string, args: readonly unknown[], kwargs: Kwargs, options: Options): Promise<EagerResult>;
  /** Call the errbacks of a task that failed before it could run, in an eager run. */
  callErrbacks(signature: Signature, error: Error): Promise<void>;
  backend(): Promise<Backend>;
  /** Send celery.chord_unlock, which sends the body once the header's results are there: for stores that do not count. */
  unlockLater(header: GroupResult, body: Signature, options: { readonly countdown: number }): Promise<void>;
  /** Write it among the children of the task now running, if one is and keeps a trail. */
  addToTrail(result: CanvasResult): void;
  asyncResult(id: string, parent?: CanvasResult | null): AsyncResult;
  groupResult(id: string, results: readonly CanvasResult[], parent?: CanvasResult | null): GroupResult;
  /** The object for a plain signature; a signature object as it is. */
  revive(signature: SignatureLike): Signature;
  /** `a` and then `b`. */
  pipe(a: Signature, b: SignatureLike): Signature;
}
