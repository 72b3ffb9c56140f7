// A line that can be cut: a TCP proxy in front of a dashboard, so that a test can lose the connection and give it back.
// Holds: its own port stays the same, whatever stands behind it.
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Line extends AsyncDisposable {
  readonly address: string;
  /** Drops what is open and refuses what comes. */
  cut(): void;
  /** Lets connections through again, to this dashboard. */
  restore(address: string): void;
}

export async function openLine(to: string): Promise<Line> {
  let target: URL | null = new URL(to);
  const open = new Set<Socket>();
  const server: Server = createServer((near) => {
    if (!target) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const cut = () => {
    target = null;
    for (const socket of open) socket.destroy();
  };
  return {
    address: `http://127.0.0.1:${port}`,
    cut,
    restore(address) {
      target = new URL(address);
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((done) => server.close(done));
    },
  };
}
