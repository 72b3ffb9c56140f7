// One cluster as a dashboard has it: its line, its stores, its rooms and its rules, opened when somebody first asks and closed at the end.
// Not here: who asks (access/), the HTTP server and how many clusters it shows (dashboard.ts).
// Holds: it starts before the broker answers; closing writes what is pending.
import { createMasking, NO_MASKING } from '../../shared/masking.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Timer } from '../timer.ts';
import { type RefusedRequest, recordRefusedRequest } from './access/audit.ts';
import { Rules } from './access/rules.ts';
import type { Tokens } from './access/tokens.ts';
import type { Cluster } from './cluster/cluster.ts';
import { ClusterLink } from './cluster/link.ts';
import type { Resolved } from './options.ts';
import { historyFile } from './replicas/line.ts';
import { Standby } from './replicas/standby.ts';
import { Rooms } from './rooms.ts';
import type { RouteContext } from './routes/context.ts';
import { Stores } from './stores.ts';

export interface OneClusterParts {
  readonly timer: Timer;
  readonly log: Logger;
  readonly version: string;
  /** Of all people; asked for once it starts. */
  readonly tokens: () => Tokens;
}

export class OneCluster {
  readonly options: Resolved;
  readonly rules: Rules;
  readonly stores: Stores;
  readonly log: Logger;
  readonly #parts: OneClusterParts;
  readonly #link: ClusterLink;
  readonly #standby: Standby;
  #rooms: Rooms | null = null;
  #starting: Promise<Cluster> | null = null;
  #closed = false;

  constructor(options: Resolved, parts: OneClusterParts) {
    const { log, timer } = parts;
    this.options = options;
    this.log = log;
    this.#parts = parts;
    this.rules = new Rules(options.access_rules, options.read_only);
    this.#link = new ClusterLink(options, timer, log);
    this.stores = new Stores(options, timer, log);
    this.#standby = new Standby(timer, log, historyFile(options.db));
  }

  /** Begins, if nobody has. */
  readonly start = (): Promise<Cluster> => {
    this.#starting ??= this.#open();
    return this.#starting;
  };

  /** Started, or standing by: then it starts later. */
  async begun(): Promise<void> {
    await this.standsBy();
    this.start().catch((error: unknown) => {
      if (!this.#closed) this.log.error(`The dashboard could not start: ${toError(error).message}`);
    });
  }

  /** Another dashboard has its history. */
  get isStandingBy(): boolean {
    return this.#standby.reason !== null;
  }

  /** The same, once it is known. */
  async standsBy(): Promise<boolean> {
    if (!this.isStandingBy) await Promise.race([this.start(), this.#standby.waits]);
    return this.isStandingBy;
  }

  /** The other dashboard may be gone: it is looked at once. */
  readonly lookNow = (): void => this.#standby.look();

  async #open(): Promise<Cluster> {
    const { options } = this;
    const { timer, log, tokens, version } = this.#parts;
    const open = () => this.stores.open();
    const { history, schedules, userData } = await (options.standby ? this.#standby.open(open) : open());
    const masking = options.mask_secrets ? createMasking(options.redact) : NO_MASKING;
    const link = this.#link;
    const parts = { schedules, userData: userData.open, tokens: tokens(), options, link, timer, log, masking, version };
    this.#rooms = new Rooms(history, parts);
    await this.#rooms.start();
    return this.#rooms.cluster;
  }

  /** null: it has not started. */
  get opened(): RouteContext | null {
    return this.#rooms?.context ?? null;
  }

  /** @throws Error when it has not started */
  readonly context = (): RouteContext => {
    if (this.#rooms === null) throw new Error('The dashboard has not started.');
    return this.#rooms.context;
  };

  /** For the record: what somebody asked for who may not. */
  readonly refused = (refused: RefusedRequest): void => {
    const { log, timer } = this.#parts;
    void this.start()
      .then(async () => {
        const { desk } = this.context();
        desk.feed.operation(await recordRefusedRequest(desk.records, refused, timer.now() / 1000));
      })
      .catch((error: unknown) => log.warning(`What was refused could not be recorded: ${toError(error).message}`));
  };

  /** It ends: nothing is told to pages any more, and nothing waited for. */
  quiet(): void {
    this.#closed = true;
    this.#standby.stop();
    this.#rooms?.quiet();
  }

  async close(): Promise<void> {
    if (this.#starting !== null) {
      const began = await this.#starting.then(
        () => true,
        () => false,
      );
      // It may have started only now.
      this.quiet();
      if (began) await this.#rooms?.stop();
    }
    await this.stores.close();
    await this.#link.close();
  }
}
