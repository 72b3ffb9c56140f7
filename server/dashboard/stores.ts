// The stores of a dashboard: its history, what people own, and the schedule that beat keeps. Opened together, closed together.
// Not here: what each promises (history/contract.ts, user-data/contract.ts, ../schedules/contract.ts).
// Holds: what was opened is closed, also when one after it could not be.
import type { Logger } from '../log.ts';
import type { ScheduleStore } from '../schedules/contract.ts';
import { openScheduleStore } from '../schedules/registry.ts';
import type { Timer } from '../timer.ts';
import { clusterAddresses, formerAddresses } from './cluster/identity.ts';
import type { HistoryStore } from './history/contract.ts';
import { openHistory } from './history/registry.ts';
import type { Resolved } from './options.ts';
import { UserData } from './user-data/user-data.ts';

export class Stores {
  /** null: not open yet; so are schedules. */
  history: HistoryStore | null = null;
  readonly userData: UserData;
  /** null, too, where nobody has said where beat keeps it. */
  schedules: ScheduleStore | null = null;
  readonly #options: Resolved;
  readonly #timer: Timer;
  readonly #log: Logger;

  constructor(options: Resolved, timer: Timer, log: Logger) {
    this.#options = options;
    this.userData = new UserData(options.user_data, timer);
    this.#timer = timer;
    this.#log = log;
  }

  async open(): Promise<{ history: HistoryStore; userData: UserData; schedules: ScheduleStore | null }> {
    const { adopt_history: adopt, broker, db, schedule, settings } = this.#options;
    const context = { timer: this.#timer, log: this.#log };
    const transport = (settings.broker_transport_options ?? {}) as Record<string, unknown>;
    const cluster = clusterAddresses(broker, transport);
    const formerly = formerAddresses(broker, transport);
    const line = { url: broker[0] ?? '', options: { ...transport }, ssl: settings.broker_use_ssl };
    // First of all: who stands by for it comes here again and again.
    this.history = await openHistory(db, { ...context, cluster, formerly, adopt });
    this.schedules = schedule === null ? null : await openScheduleStore(schedule, { ...context, broker: line });
    return { history: this.history, userData: this.userData, schedules: this.schedules };
  }

  async close(): Promise<void> {
    await this.schedules?.close();
    await this.userData.close();
    // Last: who has the history has the rest.
    await this.history?.close();
  }
}
