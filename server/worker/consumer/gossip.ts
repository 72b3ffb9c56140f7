// Step gossip: listen to the other workers' events: who is there, who left, who is missing; and take part in elections.
// Not here: what is learnt at the start (mingle.ts), the rule of an election (election.ts).
// Holds: a worker counts as long as its heartbeat does; its own events tell it nothing; the logical clock follows all it hears.
// Celery 5.6: worker/consumer/gossip.py
import { randomUUID } from 'node:crypto';
import { EventEdge } from '../../../shared/events/edge.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import {
  addHeartbeat,
  createWorkerRecord,
  isAlive,
  mergeWorkerEvent,
  type WorkerRecord,
} from '../../../shared/events/worker-record.ts';

import type { SignatureLike } from '../../canvas/call-options.ts';
import { toError } from '../../errors.ts';
import { consumeTransient } from '../../messaging/transient.ts';
import type { BodyCodec } from '../../serialization/codec.ts';
import type { TimerHandle } from '../../timer.ts';
import type { Channel } from '../../transport/contract.ts';
import { exchange, type Queue, queue } from '../../transport/entity.ts';
import type { Message } from '../../transport/message.ts';
import { Bootstep } from '../blueprint.ts';
import type { ConsumerHost, TaskConsumer } from './consumer.ts';
import { Elections } from './election.ts';
import { relisten } from './relisten.ts';

export type NodeListener = (worker: Readonly<WorkerRecord>) => void;
/** What the chosen worker does with an election's action. */
export type ElectionHandler = (action: unknown) => unknown;

/** Lines about events that cannot be read. @unit milliseconds */
const UNREAD_EVERY_MS = 60_000;
const PERIOD_MS = 5000;
/** Workers known at a time; a name can be invented. */
const MAX_PEERS = 5000;

export class GossipStep extends Bootstep<TaskConsumer> {
  static override label = 'Gossip';
  static override requires = ['Mingle'];
  /** Add a function, and it is called with each worker that comes, says goodbye, or falls silent. */
  readonly on = {
    nodeJoin: new Set<NodeListener>(),
    nodeLeave: new Set<NodeListener>(),
    nodeLost: new Set<NodeListener>(),
  };
  /** By topic. 'task': the action is a signature, which is sent. */
  readonly electionHandlers = new Map<string, ElectionHandler>();
  /** The others, by name. */
  readonly peers = new Map<string, WorkerRecord>();
  readonly #host: ConsumerHost;
  #unreadSaidMs = Number.NEGATIVE_INFINITY;
  #unread = 0;
  /** As the wall clock stood when this began. */
  readonly #sinceEpochMs: number;
  readonly #elections: Elections;
  readonly #accept: ReadonlySet<string>;
  readonly #codec: BodyCodec;
  /** What is elected carries a whole signature. */
  readonly #edge = new EventEdge({ maxField: 1024 * 1024 });
  /** That there are more was said. */
  #isFull = false;
  #channel: Channel | null = null;
  #periodic: TimerHandle | null = null;
  /** Times it was started and stopped. */
  #round = 0;

  constructor(consumer: TaskConsumer, options: Readonly<Record<string, unknown>>) {
    super(consumer, options);
    const { host } = consumer;
    this.#host = host;
    this.#sinceEpochMs = host.timer.now() - host.timer.monotonic();
    this.enabled = !host.options.withoutGossip;
    this.#codec = host.app.codec;
    this.#accept = this.#codec.acceptSet([host.app.conf.get('event_serializer'), 'json']);
    this.#elections = new Elections({
      hostname: host.hostname,
      id: `${host.hostname}.${process.pid}`,
      log: host.log,
      timer: host.timer,
      alive: () => [...this.peers.values()].filter((peer) => isAlive(peer, this.#now())).map((peer) => peer.hostname),
      isPython: (name) => this.peers.get(name)?.sw_ident === 'py-celery',
      send: (type, fields) => host.events.send(type, fields),
      won: (topic, action) => this.#won(topic, action),
    });
    this.electionHandlers.set('task', (action) => host.app.signature(action as SignatureLike).applyAsync());
  }

  override async start({ host, restarts }: TaskConsumer): Promise<void> {
    this.#round++;
    await this.#listen();
    this.#periodic = host.timer.every(PERIOD_MS, () => this.#sweepPeers());
    // Nobody could be heard while the broker was away: they get a heartbeat's time to be heard again.
    if (restarts > 0) for (const peer of this.peers.values()) addHeartbeat(peer, this.#now());
    // Not to wait for everybody's next heartbeat.
    await host.mailbox.broadcast('heartbeat');
  }

  async #listen(): Promise<void> {
    const host = this.#host;
    const round = this.#round;
    const wanted = () => this.#round === round;
    const { channel } = await consumeTransient(host.connection, {
      queues: [this.#queue()],
      onMessage: (message) => this.#onMessage(message),
      noAck: true,
      onLost: (reason) => void relisten(host, { step: 'gossip', reason, wanted, listen: () => this.#listen() }),
    });
    if (wanted()) this.#channel = channel;
    else await channel.close().catch(() => {});
  }

  override async stop(): Promise<void> {
    this.#round++;
    const channel = this.#channel;
    this.#channel = null;
    this.#periodic?.cancel();
    this.#elections.clear();
    await channel?.close().catch(() => {});
  }

  /** This worker stands in an election. */
  election(id: string, topic: string, action: unknown = null): void {
    this.#elections.stand(id, topic, action);
  }

  #queue(): Queue {
    const { conf } = this.#host.app;
    return queue(`${conf.get('event_queue_prefix')}.${randomUUID()}`, {
      exchange: exchange(conf.get('event_exchange'), 'topic'),
      routingKey: 'worker.#',
      durable: conf.get('event_queue_durable'),
      exclusive: conf.get('event_queue_exclusive'),
      autoDelete: !conf.get('event_queue_durable'),
      messageTtlMs: conf.get('event_queue_ttl') * 1000,
      expiresMs: conf.get('event_queue_expires') * 1000,
    });
  }

  #onMessage(message: Message): void {
    // On a broker that does not tell keys apart (`fanout_patterns` false) everything is heard.
    if (message.deliveryInfo.routing_key.startsWith('task.')) return;
    let body: unknown;
    try {
      body = this.#codec.decode(message.body, message.contentType, message.contentEncoding, this.#accept);
    } catch (error) {
      this.#unreadable(toError(error).message);
      return;
    }
    for (const event of this.#edge.read(body)) if (event.type.startsWith('worker-')) this.#onEvent(event);
  }

  /** A peer whose events nobody here can read sends one every other second. */
  #unreadable(why: string): void {
    const { log, timer } = this.#host;
    if (timer.monotonic() - this.#unreadSaidMs < UNREAD_EVERY_MS) {
      this.#unread++;
      return;
    }
    const more = this.#unread === 0 ? '' : ` (and ${this.#unread} more events that cannot be read)`;
    log.error(`gossip: ${why}${more}`);
    this.#unreadSaidMs = timer.monotonic();
    this.#unread = 0;
  }

  #onEvent(event: CeleryEvent): void {
    const { app, hostname } = this.#host;
    if (typeof event.clock === 'number') app.clock.adjust(event.clock);
    if (event.type === 'worker-elect') this.#elections.onElect(event);
    else if (event.type === 'worker-elect-ack') this.#elections.onAck(event);
    else if (typeof event.hostname === 'string' && event.hostname !== hostname) this.#onPeer(event.hostname, event);
  }

  #onPeer(name: string, event: CeleryEvent): void {
    const subject = event.type.slice('worker-'.length);
    const known = this.peers.get(name);
    if (!known && this.peers.size >= MAX_PEERS) {
      if (!this.#isFull)
        this.#host.log.warning(`gossip: more than ${MAX_PEERS} workers are heard; others are not known here`);
      this.#isFull = true;
      return;
    }
    const peer = known ?? createWorkerRecord(name);
    mergeWorkerEvent(peer, subject, { ...event, local_received: this.#now() });
    if (subject === 'offline') {
      this.peers.delete(name);
      this.#host.log.debug(`${name} left`);
      this.#notify(this.on.nodeLeave, peer);
      return;
    }
    this.peers.set(name, peer);
    if (known && subject !== 'online') return;
    this.#host.log.debug(`${name} joined the party`);
    this.#notify(this.on.nodeJoin, peer);
  }

  /** Who has fallen silent? */
  #sweepPeers(): void {
    this.#elections.forgetOld();
    for (const peer of [...this.peers.values()]) {
      if (isAlive(peer, this.#now())) continue;
      this.peers.delete(peer.hostname);
      this.#host.log.info(`missed heartbeat from ${peer.hostname}`);
      this.#notify(this.on.nodeLost, peer);
    }
  }

  #notify(listeners: ReadonlySet<NodeListener>, peer: WorkerRecord): void {
    for (const listener of listeners) {
      try {
        listener(peer);
      } catch (error) {
        this.#host.log.error(`Ignored error from handler '${listener.name}': ${toError(error).message}`, { error });
      }
    }
  }

  #won(topic: string, action: unknown): void {
    const { log } = this.#host;
    const handler = this.electionHandlers.get(topic);
    if (!handler) {
      log.error(`Unknown election topic '${topic}'`);
      return;
    }
    const failed = (error: unknown) => log.error(`Could not call task: ${toError(error).message}`, { error });
    try {
      Promise.resolve(handler(action)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Who was heard when, and who is silent, goes by a clock that nobody sets. @unit seconds */
  #now(): number {
    return (this.#host.timer.monotonic() + this.#sinceEpochMs) / 1000;
  }
}
