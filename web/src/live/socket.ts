// One socket to /api/v2/live: backs off, resumes where it broke off, and always says in which state it is.
//
// Modes: `connecting` > `catching-up` (open, waiting for snapshot or missed patches) > `live` > `lost` (waits, then connecting).
// From any mode `paused` (by the person): frames are dropped; going on opens the line anew and resumes, so nothing is missed.
// A gap in the numbers, or 20 s without a word, open it anew as well: the server takes `resume` only as the first word.
// What frames do to the picture: cluster-store.ts.
import { parseJsonExact } from '../../../shared/json-text.ts';
import { CLOSE_SIGNED_OUT } from '../../../shared/wire/close-codes.ts';
import type { ClientFrame, ServerFrame, Topic } from '../../../shared/wire/live.ts';

export type LiveState =
  | { mode: 'connecting' }
  | { mode: 'catching-up' }
  | { mode: 'live' }
  | { mode: 'paused' }
  | {
      mode: 'lost';
      retryAt: number;
      since: number /** Why the server refused the line, in its words. */;
      refused?: string;
    };

export interface SocketLike {
  send(text: string): void;
  close(): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface LiveSocketOptions {
  open: () => SocketLike;
  onFrame: (frame: ServerFrame) => void;
  onState: (state: LiveState) => void;
  /** Nobody is signed in any more. */
  onSignedOut?: () => void;
  now?: () => number;
  setTimer?: (fn: () => void, ms: number) => unknown;
  clearTimer?: (handle: unknown) => void;
  random?: () => number;
}

const TOPICS: readonly Topic[] = ['tasks', 'workers', 'queues'];
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const SILENCE_MS = 20_000;

export class LiveSocket {
  #options: Required<LiveSocketOptions>;
  #socket: SocketLike | null = null;
  #state: LiveState = { mode: 'connecting' };
  #epoch: string | null = null;
  #seq = 0;
  #tries = 0;
  #retry: unknown = null;
  #silence: unknown = null;
  #lastHeard: number;
  #watched: string[] = [];
  /** null: nobody has said yet, and the server sends all. */
  #topics: Topic[] | null = null;
  /** Those of which the page has had a snapshot, and every patch since. */
  #covered = new Set<Topic>();
  #stopped = false;

  constructor(options: LiveSocketOptions) {
    this.#options = {
      now: Date.now,
      setTimer: (fn, ms) => setTimeout(fn, ms),
      clearTimer: (handle) => clearTimeout(handle as number),
      random: Math.random,
      onSignedOut: () => {},
      ...options,
    };
    this.#lastHeard = this.#options.now();
  }

  get state(): LiveState {
    return this.#state;
  }

  start(): void {
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#options.clearTimer(this.#retry);
    this.#options.clearTimer(this.#silence);
    this.#drop();
  }

  pause(): void {
    if (this.#state.mode !== 'paused') this.#set({ mode: 'paused' });
  }

  /** Go on after a pause: ask for what was missed. */
  resume(): void {
    if (this.#state.mode !== 'paused') return;
    this.#drop();
    this.#connect();
  }

  /** Do not wait for the next try. */
  retryNow(): void {
    if (this.#state.mode !== 'lost') return;
    this.#options.clearTimer(this.#retry);
    this.#connect();
  }

  /** From now on rows of these topics and no others. */
  subscribe(topics: Topic[]): void {
    this.#topics = topics;
    for (const topic of this.#covered) if (!topics.includes(topic)) this.#covered.delete(topic);
    this.#send({ type: 'subscribe', topics });
  }

  watch(tasks: string[]): void {
    this.#watched = tasks;
    this.#send({ type: 'watch', tasks });
  }

  #set(state: LiveState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  /** @param quietly the line may well be good: what is shown stays until it proves bad */
  #connect(quietly = false): void {
    if (this.#stopped) return;
    this.#options.clearTimer(this.#retry);
    if (!quietly) this.#set({ mode: 'connecting' });
    const socket = this.#options.open();
    this.#socket = socket;
    socket.onmessage = (event: { data: unknown }) => this.#heard(socket, event.data);
    socket.onclose = (event?: { code?: number; reason?: string }) => this.#closed(socket, event);
    socket.onerror = () => {};
    this.#expectWord();
  }

  #heard(socket: SocketLike, data: unknown): void {
    if (socket !== this.#socket) return;
    this.#lastHeard = this.#options.now();
    this.#expectWord();
    let frame: ServerFrame;
    try {
      frame = parseJsonExact(String(data)) as ServerFrame;
    } catch {
      this.#drop();
      this.#closed(socket);
      return;
    }
    if (frame.type === 'hello') {
      this.#hello(frame.epoch, frame.seq, frame);
      return;
    }
    if (this.#state.mode === 'paused') return;
    if (frame.type === 'patch') {
      // A gap means patches were missed: ask again rather than show half a picture.
      if (frame.seq <= this.#seq) return;
      if (frame.seq > this.#seq + 1 && this.#seq > 0 && this.#state.mode === 'live') {
        this.#drop();
        this.#connect();
        return;
      }
      this.#seq = frame.seq;
    } else if (frame.type === 'snapshot') {
      this.#epoch = frame.epoch;
      this.#seq = frame.seq;
      for (const topic of TOPICS) if (frame[topic] !== null) this.#covered.add(topic);
    }
    this.#options.onFrame(frame);
    if (frame.type !== 'bye' && this.#state.mode !== 'live') this.#set({ mode: 'live' });
  }

  #hello(epoch: string, seq: number, frame: ServerFrame): void {
    this.#tries = 0;
    this.#options.onFrame(frame);
    if (this.#topics) this.#send({ type: 'subscribe', topics: this.#topics });
    if (this.#watched.length > 0) this.#send({ type: 'watch', tasks: this.#watched });
    if (this.#state.mode === 'paused') return;
    // What the page turned to while the line was broken has to come whole.
    const known = this.#epoch === epoch && (this.#topics ?? TOPICS).every((topic) => this.#covered.has(topic));
    // Within its greeting the server takes a resume; without one it sends a snapshot.
    if (known) this.#send({ type: 'resume', epoch, seq: this.#seq });
    this.#epoch = epoch;
    const missed = !known || seq > this.#seq;
    if (!missed) this.#set({ mode: 'live' });
    else if (this.#state.mode !== 'live') this.#set({ mode: 'catching-up' });
  }

  #closed(socket: SocketLike, end?: { code?: number; reason?: string }): void {
    if (socket !== this.#socket || this.#stopped) return;
    this.#socket = null;
    this.#options.clearTimer(this.#silence);
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#tries);
    this.#tries++;
    const delayMs = longest / 2 + (longest / 2) * this.#options.random();
    const now = this.#options.now();
    if (end?.code === CLOSE_SIGNED_OUT) this.#options.onSignedOut();
    const refused = (end?.code ?? 0) >= 4400 && end?.reason ? { refused: end.reason } : {};
    if (this.#state.mode !== 'paused')
      this.#set({ mode: 'lost', retryAt: now + delayMs, since: this.#lastHeard, ...refused });
    this.#retry = this.#options.setTimer(() => {
      if (this.#state.mode !== 'paused') this.#connect();
    }, delayMs);
  }

  /** A quiet cluster and a dead line look alike from here: after a silence the line is opened anew, and resumes. */
  #expectWord(): void {
    this.#options.clearTimer(this.#silence);
    this.#silence = this.#options.setTimer(() => {
      if (!this.#socket || this.#state.mode === 'paused') return;
      this.#drop();
      this.#connect(true);
    }, SILENCE_MS);
  }

  #send(frame: ClientFrame): void {
    try {
      this.#socket?.send(JSON.stringify(frame));
    } catch {
      // Not open yet: hello sends it again.
    }
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.onerror = () => {};
    socket.close();
  }
}
