// A cluster of RabbitMQ nodes on this machine, to end and to start again one by one.
// Holds: no epmd is asked: each node has an address of its own of the loopback network, and all have one port there.
import { RabbitServer } from './rabbitmq-server.ts';
import { freePort, startOnFreePort } from './server-process.ts';

export class RabbitCluster {
  readonly nodes: readonly RabbitNode[];

  constructor(nodes: readonly RabbitNode[]) {
    this.nodes = nodes;
  }

  /** The node that leads a quorum queue of the virtual host `/`; undefined: none does at the moment. */
  async leaderOf(queue: string): Promise<RabbitNode | undefined> {
    const asked = this.nodes.find((one) => one.running)!;
    const answer = await asked.ask(`${ra(queue)}, {ok, _, {_, Leader}} = ra:members({Name, node()}, 5000), Leader`);
    return this.nodes.find((one) => one.running && answer === `'${one.name}'`);
  }

  /** The lead of such a queue goes from one node to another, in peace. */
  async handOver(queue: string, from: RabbitNode, to: RabbitNode): Promise<void> {
    await from.ask(`${ra(queue)}, ok = ra:transfer_leadership({Name, '${from.name}'}, {Name, '${to.name}'})`);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}

/** Binds `Name`: what the members of a quorum queue are called on each node. */
const ra = (queue: string) =>
  `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)), {Name, _} = amqqueue:get_pid(Q)`;

export class RabbitNode extends RabbitServer {
  readonly name: string;
  running = false;

  constructor(port: number, member: { address: string; port: number }) {
    super(port, { member });
    this.name = `umbel@${member.address}`;
  }

  override async start(): Promise<void> {
    await super.start();
    this.running = true;
  }

  override async kill(): Promise<void> {
    this.running = false;
    await super.kill();
  }
}

export async function rabbitCluster(size: number): Promise<RabbitCluster> {
  const port = await freePort();
  const nodes = await Promise.all(
    Array.from({ length: size }, (_, n) =>
      startOnFreePort((amqp) => new RabbitNode(amqp, { address: `127.0.0.${n + 2}`, port })),
    ),
  );
  const cluster = new RabbitCluster(nodes);
  try {
    for (const node of nodes.slice(1))
      await node.ask(`rabbit:stop(), ok = rabbit_mnesia:join_cluster('${nodes[0]!.name}', disc), rabbit:start()`);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}
