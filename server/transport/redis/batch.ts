// What goes to Redis on one turn of the event loop, in one write: pushes by list, publishes, acks, and whatever else is asked.
// Reading: reader.ts. The connection: link.ts.
// Holds: messages of one list go in the order of their `push` calls; each promise resolves when the server has answered for it;
// acks that could not be delivered are handed to `undelivered`.
import type { OperationalError } from '../../errors.ts';
import type { Keys } from './keys.ts';
import { type Argument, isForgotten, type Link } from './link.ts';
import type { ScriptName } from './scripts.ts';

/** One LPUSH, HDEL or ZREM takes no more than so many values, and so much text. */
const VALUES = 500;
const TEXT = 1024 * 1024;

interface Waiting {
  readonly command: Argument[];
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: OperationalError) => void;
  size: number;
}

export class Batch {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #undelivered: (tags: readonly string[]) => void;
  #waiting: Waiting[] = [];
  #pushes = new Map<string, Waiting>();
  #acks: string[] = [];
  #scheduled = false;
  /** The batches that are under way. */
  readonly #flying = new Set<Promise<void>>();

  constructor(link: Link, keys: Keys, undelivered: (tags: readonly string[]) => void) {
    this.#link = link;
    this.#keys = keys;
    this.#undelivered = undelivered;
  }

  push(list: string, text: string): Promise<unknown> {
    let open = this.#pushes.get(list);
    if (!open || open.command.length > VALUES || open.size > TEXT) {
      open = this.#add(['LPUSH', list]);
      this.#pushes.set(list, open);
    }
    open.command.push(text);
    open.size += text.length;
    return open.promise;
  }

  command(...command: Argument[]): Promise<unknown> {
    return this.#add(command).promise;
  }

  async script(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#add(this.#link.script(name, keys, args)).promise;
    } catch (error) {
      if (!isForgotten((error as Error).cause)) throw error;
      return this.#link.run(name, keys, args);
    }
  }

  ack(tag: string): void {
    // Nobody waits for an ack: those of one turn of the event loop go together, with the next command at the latest.
    if (this.#acks.push(tag) === 1) setImmediate(() => this.#send());
  }

  /** Resolves when everything handed over so far has been answered, well or not. */
  async flush(): Promise<void> {
    this.#send();
    await Promise.all(this.#flying);
  }

  /** Before a command whose effect has to come after all acks so far. */
  #takeAcks(): string[] {
    const acks = this.#acks;
    this.#acks = [];
    return acks;
  }

  #add(command: Argument[]): Waiting {
    let resolve: Waiting['resolve'] = () => {};
    let reject: Waiting['reject'] = () => {};
    const promise = new Promise<unknown>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    const waiting: Waiting = { command, promise, resolve, reject, size: 0 };
    this.#waiting.push(waiting);
    this.#schedule();
    return waiting;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.#send());
  }

  #send(): void {
    this.#scheduled = false;
    if (this.#waiting.length === 0 && this.#acks.length === 0) return;
    const waiting = this.#waiting;
    const acks = this.#takeAcks();
    this.#waiting = [];
    this.#pushes = new Map();
    const sending = this.#exchange(waiting, acks).finally(() => this.#flying.delete(sending));
    this.#flying.add(sending);
  }

  async #exchange(waiting: readonly Waiting[], acks: readonly string[]): Promise<void> {
    const commands: Argument[][] = [];
    for (let at = 0; at < acks.length; at += VALUES) {
      const tags = acks.slice(at, at + VALUES);
      commands.push(['HDEL', this.#keys.unacked, ...tags], ['ZREM', this.#keys.unackedIndex, ...tags]);
    }
    const first = commands.length;
    for (const { command } of waiting) commands.push(command);
    try {
      const answers = await this.#link.send(commands);
      if (answers.slice(0, first).some((one) => one instanceof Error)) this.#undelivered(acks);
      waiting.forEach((one, i) => {
        const answer = answers[first + i];
        if (answer instanceof Error) one.reject(this.#link.failure(answer));
        else one.resolve(answer);
      });
    } catch (error) {
      this.#undelivered(acks);
      for (const one of waiting) one.reject(error as OperationalError);
    }
  }
}
