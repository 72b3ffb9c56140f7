// The dashboard inside a Fastify app of your own: one plugin under a prefix, beside your routes.
// Run it: npx tsx examples/fastify/server.ts, then open http://localhost:3000/queue/
import Fastify from 'fastify';
import { createDashboard } from 'umbel/dashboard';

const server = Fastify();
const dashboard = createDashboard({
  broker: process.env['CELERY_BROKER_URL'] ?? 'sqlite:///.umbel/broker.db',
  result_backend: process.env['CELERY_RESULT_BACKEND'] ?? 'sqlite:///.umbel/broker.db',
  db: '.umbel/history.db',
  name: 'my shop',
});

server.get('/', async () => ({ hello: 'world', dashboard: '/queue/' }));
await server.register(dashboard.plugin, { prefix: '/queue' });
server.addHook('onClose', () => dashboard.close());

const address = await server.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' });
await dashboard.start();
console.log(`${address}/queue/`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
