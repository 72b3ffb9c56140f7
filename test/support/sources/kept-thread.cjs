// The other end of kept-threads.ts: runs the body of a thread, which finds its port and its data where it would if it had been started for it.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { setFlagsFromString } = require('node:v8');
const { compileFunction, runInNewContext } = require('node:vm');
const threads = require('node:worker_threads');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
setFlagsFromString('--no-expose-gc');
const bodies = new Map();

threads.parentPort.on('message', (given) => {
  if (given === null) {
    threads.parentPort.close();
    return;
  }
  const { path, workerData, port } = given;
  const parentPort = {
    on: (event, heard) => port.on(event, heard),
    postMessage: (message) => port.postMessage(message),
    close() {
      // As at the end of a thread, nothing of it is left: a statement that is not collected holds its file open.
      port.removeAllListeners();
      setImmediate(() => {
        collect();
        setImmediate(() => {
          port.close();
          threads.parentPort.postMessage(null);
        });
      });
    },
  };
  const asks = createRequire(path);
  const own = { ...threads, parentPort, workerData };
  bodyAt(path)((name) => (name === 'node:worker_threads' ? own : asks(name)), {}, path);
});

function bodyAt(path) {
  if (!bodies.has(path))
    bodies.set(
      path,
      compileFunction(readFileSync(path, 'utf8'), ['require', 'module', '__filename'], { filename: path }),
    );
  return bodies.get(path);
}
