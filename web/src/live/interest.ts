// What the components on the page want to hear of: topics, and single tasks, each counted, so that the last to leave ends it.
// Sending it: socket.ts. Holds: one message however many components come and go in one render; nothing is sent that was sent before.
import type { Topic } from '../../../shared/wire/live.ts';

export interface InterestWire {
  subscribe(topics: Topic[]): void;
  watch(tasks: string[]): void;
}

class Counted<T extends string> {
  readonly #counts = new Map<T, number>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** @returns ends it */
  add(names: readonly T[]): () => void {
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#changed();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const name of names) {
        const left = (this.#counts.get(name) ?? 1) - 1;
        if (left > 0) this.#counts.set(name, left);
        else this.#counts.delete(name);
      }
      this.#changed();
    };
  }

  get names(): T[] {
    return [...this.#counts.keys()].sort();
  }
}

export class Interest {
  readonly #wire: InterestWire;
  readonly #topics = new Counted<Topic>(() => this.#schedule());
  readonly #tasks = new Counted<string>(() => this.#schedule());
  #sent = { topics: '', tasks: '' };
  #isDue = false;

  constructor(wire: InterestWire) {
    this.#wire = wire;
  }

  /** @returns ends it */
  topic(topic: Topic): () => void {
    return this.#topics.add([topic]);
  }

  /** @returns ends it */
  tasks(uuids: readonly string[]): () => void {
    return this.#tasks.add(uuids);
  }

  /** After the render that it belongs to: a page that takes the place of another leaves and comes in one breath. */
  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      const topics = this.#topics.names;
      const tasks = this.#tasks.names;
      if (topics.join() !== this.#sent.topics) this.#wire.subscribe(topics);
      if (tasks.join() !== this.#sent.tasks) this.#wire.watch(tasks);
      this.#sent = { topics: topics.join(), tasks: tasks.join() };
    });
  }
}
