// The store of what people own, as a dashboard has it: opened when somebody first asks, so that a file which cannot be used stops nothing
// but what needs it, and tried again by whoever asks next.
// Not here: the stores (contract.ts).
// Holds: it is opened once; what was opened is closed.
import type { Timer } from '../../timer.ts';
import type { UserDataStore } from './contract.ts';
import { userDataAt } from './registry.ts';

export class UserData {
  readonly #opener: () => Promise<UserDataStore>;
  #opening: Promise<UserDataStore> | null = null;
  #closed = false;

  /** @param place a path or a URL  @throws ImproperlyConfigured for a scheme that nobody has registered */
  constructor(place: string, timer: Timer) {
    const opener = userDataAt(place);
    this.#opener = () => opener({ timer });
  }

  /** Rejects with ImproperlyConfigured when it cannot be used. */
  readonly open = (): Promise<UserDataStore> => {
    if (this.#closed) return Promise.reject(new Error('The dashboard has stopped.'));
    this.#opening ??= this.#opener().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  };

  async close(): Promise<void> {
    this.#closed = true;
    const store = await this.#opening?.catch(() => null);
    await store?.close();
  }
}
