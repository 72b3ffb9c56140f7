// /broker: what the broker says of itself, and which of its settings lose or double work.
// Not here: what follows from what it says (../views/broker-reply.ts), queues one by one (queues.ts).
import { brokerReply } from '../views/broker-reply.ts';
import type { Serve } from './serve.ts';

export function brokerRoutes(serve: Serve): void {
  serve('GET /broker', ({ cluster }) => brokerReply(cluster));
}
