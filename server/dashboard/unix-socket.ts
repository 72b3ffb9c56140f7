// The file of a Unix socket before the server listens on it: one that a dead process left is taken away, one that answers is respected.
// Flower: netutil bind_unix_socket, which takes away either
import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { ImproperlyConfigured } from '../errors.ts';

/** @throws ImproperlyConfigured when the path is something else, or somebody listens there */
export async function makeRoomForSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new ImproperlyConfigured(`The path ${path} of unix_socket is there and is no socket.`);
  if (await answers(path))
    throw new ImproperlyConfigured(`Another process listens on ${path} (unix_socket). End it, or name another path.`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
