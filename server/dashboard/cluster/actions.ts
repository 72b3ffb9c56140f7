// What acts on a cluster, for operations alone: commands to workers, messages, queues, and telling memory what was done.
// Not here: asking (view.ts), the operations themselves (../operations/).
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { Celery } from '../../app/celery.ts';
import type { Control, Replies } from '../../control/control.ts';
import type { Message } from '../../transport/message.ts';
import type { MovedMessages } from './moving.ts';
import type { Pause } from './pauses.ts';

export interface ClusterActions {
  readonly control: Control;
  /** The client that messages are sent with. */
  readonly app: Celery;
  /** One try. @throws OperationalError: the broker is away */
  connect(): Promise<void>;
  /** Ask these workers everything; null: all there are. */
  inspect(hostnames: readonly string[] | null): Promise<void>;
  /** @returns messages deleted */
  purge(queue: string): Promise<number>;
  /**
   * Messages to the end of another queue: those of these tasks, or with null all that wait now, as many as one call moves.
   * @throws OperationalError, ChannelError
   */
  move(from: string, to: string, ids: ReadonlySet<string> | null): Promise<MovedMessages>;
  /** @param pause null: it is resumed */
  pause(queue: string, pause: Pause | null): void;
  /** The head of a queue, taken and given back. @throws NotImplementedError: this broker has no such look */
  peekByTaking(queue: string, limit: number): Promise<Message[]>;
  /** Measures every queue, in a round that begins after this call. Never rejects. */
  probeAnew(): Promise<void>;
  /**
   * An event that we know of before anybody sends it, or that nobody sends: its secrets are masked and its texts cut as in those heard.
   * @returns false: its task's id is none
   */
  apply(event: CeleryEvent): boolean;
  /** A task is shown anew. */
  touchTask(uuid: string): void;
  /** What workers answered when they were asked to send task events (`on`), or to stop. */
  noteTaskEvents(replies: Replies, on: boolean): void;
}
