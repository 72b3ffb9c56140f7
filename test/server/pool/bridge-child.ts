// A child of a pool under test, whose bodies run in the test: what it is asked to run it asks the test for, over a socket.
// The test's end: bridge.ts.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { TaskOutcome } from '../../../server/app/outcome.ts';
import { type LoadWork, serveChild } from '../../../server/pool/child-main.ts';
import { childPort } from '../../../server/pool/child-port.ts';

/** What the test says of a body. */
type Said = { readonly id: string; readonly ended: boolean } | { readonly id: string; readonly outcome: TaskOutcome };

const load: LoadWork = async (boot) => {
  const path = boot.source!.spec!;
  const socket = connect(path);
  await new Promise<void>((done, failed) => socket.once('connect', done).once('error', failed));
  socket.unref();
  const write = (what: object) => socket.write(`${JSON.stringify(what)}\n`);
  const bodies = new Map<string, (said: Said) => void>();
  createInterface({ input: socket }).on('line', (line) => {
    const said = JSON.parse(line) as Said;
    bodies.get(said.id)?.(said);
  });
  return {
    execute: (job, stop, bodyEnded) =>
      new Promise((done) => {
        const { id } = job;
        stop.signal.addEventListener('abort', () => {
          const { name, message } = stop.signal.reason as Error;
          write({ id, abort: { name, message } });
        });
        bodies.set(id, (said) => {
          if ('outcome' in said) done(said.outcome);
          else bodyEnded(said.ended);
        });
        write({ id, job: { ...job, body: null, message: null } });
      }),
    chordParts: () => 0,
    close: async () => void socket.end(),
  };
};

serveChild(childPort(), load);
