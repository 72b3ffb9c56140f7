// `umbel events` on a terminal: the cluster live on the whole screen, and revoke and rate limit by key.
// Not here: what is drawn (events-view.ts), the terminal (full-screen.ts), lines for a pipe (events.ts).
// Celery 5.6: events/cursesmon.py evtop
import { ClusterState } from '../../shared/events/cluster-state.ts';
import { jsonText } from '../../shared/json-text.ts';
import type { Celery } from '../app/celery.ts';
import { toError } from '../errors.ts';
import type { EventReceiver } from '../events/receiver.ts';
import { safeUrl } from '../transport/url.ts';
import { EventsView, type Wish } from './events-view.ts';
import { openFullScreen } from './full-screen.ts';
import type { Output } from './output.ts';

/** How often at most it is drawn, and how often when nothing happens. */
const DRAW_MS = 200;
const IDLE_MS = 1000;
const TASKS_KEPT = 10_000;

/** Until a key or a signal ends it. @param start connects and begins to capture */
export async function showScreen(
  app: Celery,
  receiver: EventReceiver,
  output: Output,
  start: () => Promise<void>,
  ended: Promise<void>,
): Promise<void> {
  const { timer } = app;
  const state = new ClusterState({ maxTasks: TASKS_KEPT, maxUnfinished: TASKS_KEPT });
  const source = safeUrl(app.conf.brokerUrls('read')[0] ?? '');
  const view = new EventsView({ state, source: String(source), paint: output.paint, now: () => timer.now() });
  let quit = () => {};
  const over = new Promise<void>((resolve) => {
    quit = resolve;
  });
  let changed = true;
  let drawnMs = Number.NEGATIVE_INFINITY;
  const draw = () => {
    changed = false;
    drawnMs = timer.monotonic();
    screen.draw(view.lines(screen.columns, screen.rows));
  };
  const screen = openFullScreen({
    input: process.stdin,
    output: process.stdout,
    onKey: (key) => {
      const wish = view.key(key);
      if (wish?.kind === 'quit') quit();
      else if (wish) {
        view.message = 'asking ...';
        void grant(app, wish).then((answer) => {
          view.message = answer;
          draw();
        });
      }
      draw();
    },
    onResize: draw,
  });
  const ticking = timer.every(DRAW_MS, () => {
    if (changed || timer.monotonic() - drawnMs >= IDLE_MS) draw();
  });
  receiver.onEvents((events) => {
    for (const event of events) state.apply(event);
    state.cut();
    view.connected = true;
    changed = true;
  });
  receiver.onLost(() => {
    view.connected = false;
    changed = true;
  });
  try {
    draw();
    await Promise.race([start().then(() => over), over, ended]);
  } finally {
    ticking.cancel();
    screen.close();
  }
}

/** @returns what became of it, in words */
async function grant(app: Celery, wish: Exclude<Wish, { kind: 'quit' }>): Promise<string> {
  try {
    if (wish.kind === 'revoke') {
      await app.revoke(wish.id, { terminate: wish.terminate });
      return `told the workers to revoke ${wish.id}`;
    }
    const replies = await app.control.rateLimit(wish.task, wish.rate, { reply: true });
    return replies.length === 0
      ? 'no worker answered'
      : replies.flatMap((one) => Object.entries(one).map(([node, reply]) => `${node}: ${worded(reply)}`)).join('  ');
  } catch (error) {
    return `it failed: ${toError(error).message}`;
  }
}

function worded(reply: unknown): string {
  const { ok, error } = (reply ?? {}) as { ok?: unknown; error?: unknown };
  return String(ok ?? error ?? jsonText(reply));
}
