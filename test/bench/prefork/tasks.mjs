// The app of the workers that are measured: short tasks, tasks that compute, and one that never ends. tasks.py is its twin.
// Plain JavaScript: it runs as a user's built module would. Where its broker is: the environment.
import { Celery } from 'umbel';

export const app = new Celery('bench', { broker: process.env.BROKER, backend: process.env.BROKER });

app.task({ name: 'bench.add' }, (a, b) => a + b);

/** So much CPU time. @unit milliseconds */
app.task({ name: 'bench.compute' }, (a, b, ms) => {
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    if (user + system >= ms * 1000) return a + b;
  }
});

app.task({ name: 'bench.endless' }, () => {
  for (;;);
});

/** What this process holds on to, once what nobody needs is gone. */
const memory = () => {
  globalThis.gc?.();
  return process.memoryUsage();
};
app.task({ name: 'bench.memory' }, memory);
app.commands.inspect('memory', { doc: 'What the worker holds on to.' }, memory);
