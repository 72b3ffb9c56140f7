// The WebSocket door of one reader: hello, snapshot, patches, resume, its topics and watched tasks, and what happens to one that reads
// too slowly.
// Not here: what is in a patch (feed.ts), who may come in (../access/).
//
// Modes: greeting (hello was sent, waiting GREETING_MS for a resume) -> live (each patch is sent) -> behind (the reader's socket holds
// more than HIGH bytes: patches are dropped) -> live again with a snapshot, once the socket has drained to LOW.
// Holds: what waits for one reader is at most HIGH and one frame; a reader never gets a patch without the one before it.
import type { WebSocket } from 'ws';
import { jsonText } from '../../../shared/json-text.ts';
import { CLOSE_REFUSED } from '../../../shared/wire/close-codes.ts';
import type { ClientFrame, ServerFrame, Topic } from '../../../shared/wire/live.ts';
import type { Progress } from '../../../shared/wire/tasks.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Identity } from '../access/identity.ts';
import type { Feed } from './feed.ts';
import { ALL_TOPICS, type NumberedPatch, type Topics } from './patch.ts';
import type { ProgressWatch } from './progress.ts';

const HIGH = 512 * 1024;
const LOW = 64 * 1024;
const GREETING_MS = 150;
const DRAIN_MS = 100;
const PING_MS = 25_000;
const MAX_WATCHED = 500;
/** A client frame larger than this is no frame of ours. */
export const MAX_FRAME = 64 * 1024;

/** A reader's line that stays open: who reads, and how it is ended. */
export interface OpenSocket {
  readonly reader: Identity;
  bye(reason: string, code?: number): void;
  refuse(reason: string): void;
}

type Mode = 'greeting' | 'live' | 'behind' | 'closed';

export class LiveSocket implements OpenSocket {
  readonly #socket: WebSocket;
  readonly #feed: Feed;
  readonly #timer: Timer;
  readonly reader: Identity;
  #mode: Mode = 'greeting';
  #seq = 0;
  #snapshotting = false;
  #again = false;
  #answered = true;
  #watched: ReadonlySet<string> = new Set();
  #topics: Topics = ALL_TOPICS;
  readonly #handles: TimerHandle[] = [];
  readonly #unsubscribe: () => void;
  /** Patches not sent because the reader was behind. */
  dropped = 0;

  /** What this reader has of the progress of those it watches. */
  readonly #sent = new Map<string, Progress>();
  readonly #progress: ProgressWatch;

  constructor(socket: WebSocket, feed: Feed, progress: ProgressWatch, timer: Timer, reader: Identity) {
    this.#socket = socket;
    this.#progress = progress;
    this.#feed = feed;
    this.#timer = timer;
    this.reader = reader;
    this.#unsubscribe = feed.onPatch((patch) => this.#patch(patch));
    socket.on('message', (data: Buffer) => this.#onMessage(data));
    socket.on('close', () => this.#end());
    socket.on('error', () => this.#end());
    socket.on('pong', () => {
      this.#answered = true;
    });
    this.#say({ type: 'hello', epoch: feed.epoch, seq: feed.seq, server_time: timer.now() / 1000 });
    this.#handles.push(
      timer.after(GREETING_MS, () => {
        if (this.#mode === 'greeting') void this.#snapshot();
      }),
      timer.every(PING_MS, () => this.#ping()),
    );
  }

  /** The server ends, or will not go on with this reader. */
  bye(reason: string, code = 1001): void {
    this.#say({ type: 'bye', reason });
    this.#socket.close(code, reason);
    this.#end();
  }

  /** Who reads has no access any more. */
  refuse(reason: string): void {
    this.#socket.close(CLOSE_REFUSED, reason);
    this.#end();
  }

  #onMessage(data: Buffer): void {
    let frame: ClientFrame;
    try {
      frame = JSON.parse(data.toString()) as ClientFrame;
    } catch {
      this.#socket.close(1003, 'not JSON');
      return;
    }
    if (frame?.type === 'resume' && typeof frame.epoch === 'string' && typeof frame.seq === 'number')
      this.#resume(frame.epoch, frame.seq);
    else if (frame?.type === 'watch' && Array.isArray(frame.tasks)) {
      this.#watched = new Set(frame.tasks.filter((id) => typeof id === 'string').slice(0, MAX_WATCHED));
      this.#sent.clear();
      this.#progress.watch(this, this.#watched);
    } else if (frame?.type === 'subscribe' && Array.isArray(frame.topics)) this.#subscribe(frame.topics);
    else this.#socket.close(1003, 'unknown frame');
  }

  /** What it did not have before comes in a snapshot. */
  #subscribe(topics: readonly Topic[]): void {
    const before = this.#topics;
    this.#topics = new Set(topics.filter((topic) => ALL_TOPICS.has(topic)));
    const added = new Set([...this.#topics].filter((topic) => !before.has(topic)));
    // A snapshot that is being made was begun without them.
    if (added.size > 0 && (this.#mode === 'live' || this.#snapshotting)) void this.#snapshot(added);
  }

  #resume(epoch: string, seq: number): void {
    if (this.#mode !== 'greeting' || this.#snapshotting) return;
    const missed = this.#feed.since(epoch, seq);
    if (missed === null) {
      void this.#snapshot();
      return;
    }
    this.#mode = 'live';
    this.#seq = seq;
    for (const patch of missed) this.#patch(patch);
  }

  /** @param added only these topics, for the others are known; not given: all it subscribes to */
  async #snapshot(added?: Topics): Promise<void> {
    if (this.#mode === 'closed') return;
    if (this.#snapshotting) {
      // One at a time; the next one brings whatever was asked for meanwhile.
      this.#again = true;
      return;
    }
    this.#snapshotting = true;
    try {
      const snapshot = await this.#feed.snapshot(this.reader, added ?? this.#topics);
      if ((this.#mode as Mode) === 'closed') return;
      this.#seq = snapshot.seq;
      this.#mode = 'live';
      this.#say(snapshot);
    } catch {
      this.#socket.close(1011, 'no snapshot');
    } finally {
      this.#snapshotting = false;
    }
    if (this.#again) {
      this.#again = false;
      void this.#snapshot();
    }
  }

  #patch(numbered: NumberedPatch): void {
    if (this.#mode !== 'live' || numbered.seq <= this.#seq) {
      if (this.#mode === 'behind') this.dropped++;
      return;
    }
    if (numbered.seq !== this.#seq + 1 || this.#socket.bufferedAmount > HIGH) {
      this.#fallBehind();
      return;
    }
    this.#seq = numbered.seq;
    this.#socket.send(this.#withWatched(numbered));
  }

  #withWatched(numbered: NumberedPatch): string {
    const progress = this.#newProgress();
    if (progress.length === 0 && !this.#mayMiss(numbered)) return numbered.text(this.#topics, this.reader);
    const { sight } = this.reader.grant;
    const patch = numbered.of(this.#topics, this.reader);
    const shown = new Set(patch.tasks.map((t) => t.uuid));
    const more = [];
    for (const uuid of this.#watched) {
      if (shown.has(uuid)) continue;
      const record = numbered.rest?.get(uuid);
      const row = record ? this.#feed.row(record) : numbered.patch.tasks.find((task) => task.uuid === uuid);
      if (row && sight.row(row)) more.push(sight.shown(row));
    }
    if (more.length === 0 && progress.length === 0) return numbered.text(this.#topics, this.reader);
    const own = progress.length === 0 ? {} : { progress };
    return jsonText({ ...patch, tasks: [...patch.tasks, ...more], ...own });
  }

  /** A watched task may have changed that the patch as others get it does not bring. */
  #mayMiss({ rest }: NumberedPatch): boolean {
    return this.#watched.size > 0 && (rest !== null || !this.#topics.has('tasks'));
  }

  #newProgress(): Progress[] {
    const found: Progress[] = [];
    for (const uuid of this.#watched) {
      const progress = this.#progress.of(uuid);
      if (progress && !this.#seesProgress(uuid)) continue;
      if (!progress || this.#sent.get(uuid) === progress) continue;
      this.#sent.set(uuid, progress);
      found.push(progress);
    }
    return found;
  }

  /** Its meta is a value. */
  #seesProgress(uuid: string): boolean {
    const { sight } = this.reader.grant;
    if (sight.isWhole) return true;
    const row = this.#feed.known(uuid);
    return sight.values && row !== null && sight.row(row);
  }

  #fallBehind(): void {
    this.#mode = 'behind';
    this.dropped++;
    const wait = (): void => {
      if (this.#mode !== 'behind') return;
      if (this.#socket.bufferedAmount <= LOW) void this.#snapshot();
      else this.#handles.push(this.#timer.after(DRAIN_MS, wait));
    };
    wait();
  }

  #ping(): void {
    if (!this.#answered && this.#socket.bufferedAmount === 0) {
      this.#socket.terminate();
      return;
    }
    this.#answered = false;
    this.#socket.ping();
  }

  #say(frame: ServerFrame): void {
    if (this.#mode !== 'closed' && this.#socket.readyState === 1) this.#socket.send(jsonText(frame));
  }

  #end(): void {
    if (this.#mode === 'closed') return;
    this.#mode = 'closed';
    this.#unsubscribe();
    this.#progress.watch(this, new Set());
    for (const handle of this.#handles) handle.cancel();
  }
}
