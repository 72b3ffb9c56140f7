// The live line and the picture it paints. Product: web/src/live/socket.ts, cluster-store.ts.
import { expect, test } from 'vitest';
import type { Patch, ServerFrame, Snapshot } from '../../shared/wire/live.ts';
import { applyPatches, applySnapshot, ClusterStore, EMPTY } from '../../web/src/live/cluster-store.ts';
import { Interest } from '../../web/src/live/interest.ts';
import { LiveSocket, type LiveState, type SocketLike } from '../../web/src/live/socket.ts';

class Line implements SocketLike {
  said: string[] = [];
  closed = false;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  send(text: string): void {
    this.said.push(text);
  }
  close(): void {
    this.closed = true;
  }
  hear(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }
  breaks(): void {
    this.onclose?.({} as never);
  }
}

function world() {
  const lines: Line[] = [];
  const states: LiveState[] = [];
  const frames: ServerFrame[] = [];
  const timers: { fn: () => void; at: number; live: boolean }[] = [];
  let now = 0;
  const socket = new LiveSocket({
    open: () => {
      const line = new Line();
      lines.push(line);
      return line;
    },
    onFrame: (frame) => frames.push(frame),
    onState: (state) => states.push(state),
    now: () => now,
    setTimer: (fn, ms) => {
      const timer = { fn, at: now + ms, live: true };
      timers.push(timer);
      return timer;
    },
    clearTimer: (handle) => {
      if (handle) (handle as { live: boolean }).live = false;
    },
    random: () => 1,
  });
  const advance = (ms: number) => {
    now += ms;
    for (const timer of timers.filter((t) => t.live && t.at <= now)) {
      timer.live = false;
      timer.fn();
    }
  };
  return { socket, lines, states, frames, advance, line: () => lines.at(-1)! };
}

const hello = (seq: number, epoch = 'e1') => ({ type: 'hello', epoch, seq, server_time: 1 });
const snapshot = (seq: number) => ({ type: 'snapshot', epoch: 'e1', seq, workers: [], queues: [], tasks: [] });
const patch = (seq: number) => ({ type: 'patch', seq, tasks: [], tasks_changed: 0, tasks_new: 0 });

test('it is live once the snapshot came', () => {
  const { socket, line } = world();
  socket.start();
  line().hear(hello(4));
  expect(socket.state.mode).toBe('catching-up');

  line().hear(snapshot(4));

  expect(socket.state.mode).toBe('live');
});

test('after a break it says when it tries again, and resumes from the last patch', () => {
  const { socket, line, lines, advance } = world();
  socket.start();
  line().hear(hello(4));
  line().hear(snapshot(4));
  line().hear(patch(5));

  line().breaks();
  expect(socket.state).toMatchObject({ mode: 'lost', retryAt: 500 });
  advance(500);
  line().hear(hello(9));

  expect(lines).toHaveLength(2);
  expect(JSON.parse(line().said[0]!)).toEqual({ type: 'resume', epoch: 'e1', seq: 5 });
  expect(socket.state.mode).toBe('catching-up');
});

test('it waits longer after each failed try, up to 15 s', () => {
  const { socket, line, advance } = world();
  socket.start();
  const waits: number[] = [];
  let at = 0;
  for (let i = 0; i < 8; i++) {
    line().breaks();
    const state = socket.state;
    if (state.mode !== 'lost') throw new Error('not lost');
    waits.push(state.retryAt - at);
    advance(state.retryAt - at);
    at = state.retryAt;
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
});

test('a gap in the numbers opens the line anew instead of showing half a picture', () => {
  const { socket, line, lines, frames } = world();
  socket.start();
  line().hear(hello(4));
  line().hear(snapshot(4));

  line().hear(patch(7));

  expect(frames.filter((f) => f.type === 'patch')).toHaveLength(0);
  expect(lines).toHaveLength(2);
  expect(lines[0]!.closed).toBe(true);
});

test('while paused nothing moves, and going on catches up from where it stood', () => {
  const { socket, line, frames } = world();
  socket.start();
  line().hear(hello(4));
  line().hear(snapshot(4));
  socket.pause();
  line().hear(patch(5));
  expect(frames.at(-1)!.type).toBe('snapshot');

  socket.resume();
  line().hear(hello(6));

  expect(JSON.parse(line().said[0]!)).toEqual({ type: 'resume', epoch: 'e1', seq: 4 });
  line().hear(patch(5));
  expect(socket.state.mode).toBe('live');
});

test('a silent line is opened anew without being called lost', () => {
  const { socket, line, lines, advance } = world();
  socket.start();
  line().hear(hello(4));
  line().hear(snapshot(4));

  advance(20_000);
  expect(lines).toHaveLength(2);
  expect(socket.state.mode).toBe('live');
  line().hear(hello(4));

  expect(socket.state.mode).toBe('live');
});

test('patches keep what did not change and forget workers that are gone', () => {
  const worker = (hostname: string) => ({ hostname }) as NonNullable<Snapshot['workers']>[number];
  const painted = applySnapshot(EMPTY, {
    type: 'snapshot',
    epoch: 'e',
    seq: 1,
    cluster: {} as never,
    figures: {} as never,
    workers: [worker('a'), worker('b')],
    queues: [],
    tasks: [],
  });

  const next = applyPatches(painted, [
    {
      ...(patch(2) as unknown as Patch),
      workers: [],
      workers_gone: ['a'],
      queues: null,
      figures: null,
      cluster: null,
      operations: [],
      tasks_changed: 3,
      tasks_new: 2,
    },
  ]);

  expect([...next.workers.keys()]).toEqual(['b']);
  expect(next.queues).toBe(painted.queues);
  expect(next.seen).toEqual({ changed: 3, created: 2, snapshots: 1 });
});

test('a page subscribes to what its components show, once for all of them and after the render they belong to', async () => {
  const sent: string[] = [];
  const interest = new Interest({
    subscribe: (topics) => sent.push(`topics ${topics}`),
    watch: (tasks) => sent.push(`tasks ${tasks}`),
  });
  const rail = interest.topic('queues');
  const list = interest.topic('tasks');
  const row = interest.tasks(['a']);
  const panel = interest.tasks(['a', 'b']);
  await Promise.resolve();
  expect(sent.splice(0)).toEqual(['topics queues,tasks', 'tasks a,b']);
  // Another page takes its place.
  list();
  const next = interest.topic('tasks');
  panel();
  panel();
  await Promise.resolve();
  expect(sent.splice(0)).toEqual(['tasks a']);
  for (const end of [rail, next, row]) end();
  await Promise.resolve();
  expect(sent).toEqual(['topics ', 'tasks ']);
});

test('says again at a new line what it subscribes to, before it resumes', () => {
  const { socket, line, advance } = world();
  socket.start();
  socket.subscribe(['queues']);
  line().hear(hello(4));
  expect(line().said.map((text) => JSON.parse(text).type)).toEqual(['subscribe', 'subscribe']);
  line().hear(snapshot(4));
  line().breaks();
  advance(1000);
  line().hear(hello(4));
  expect(line().said.map((text) => JSON.parse(text).type)).toEqual(['subscribe', 'resume']);
});

test('what the page turned to while the line was broken comes whole, not as patches to what it never had', () => {
  const { socket, line, advance } = world();
  socket.start();
  socket.subscribe(['queues']);
  line().hear(hello(4));
  line().hear({ ...snapshot(4), workers: null, tasks: null });
  line().breaks();
  socket.subscribe(['workers', 'queues']);
  advance(1000);
  line().hear(hello(4));
  expect(line().said.map((text) => JSON.parse(text).type)).toEqual(['subscribe']);
  expect(socket.state.mode).toBe('catching-up');
});

test('a line that breaks before its first word makes the page silent since it was opened', () => {
  const store = new ClusterStore({ draw: (flush) => flush(), now: () => 7000 });
  store.connection({ mode: 'connecting' });
  expect(store.get().heardAt).toBe(0);
  store.connection({ mode: 'lost', retryAt: 6000, since: 5000 });
  expect(store.get().heardAt).toBe(5000);
  store.frame(hello(1) as unknown as ServerFrame);
  store.connection({ mode: 'lost', retryAt: 8000, since: 5000 });
  expect(store.get().heardAt).toBe(7000);
});
