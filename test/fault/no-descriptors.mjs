// A process that uses up its own file descriptors, and the supervisor of `umbel up` in it whose child dies meanwhile. no-descriptors.test.ts
import { closeSync, openSync } from 'node:fs';
import { Supervisor } from '../../server/cli/supervisor.ts';
import { createTimer } from '../../server/timer.ts';

const held = [];
const starve = () => {
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch (error) {
    console.log(`starved ${error.code}`);
  }
};
const supervisor = new Supervisor({
  command: process.execPath,
  args: ['-e', 'console.log("up " + process.pid); setInterval(() => {}, 1000)'],
  timer: createTimer(),
  backoffMs: 20,
  maxBackoffMs: 20,
  onOutput: (text) => {
    console.log(text.trim());
    if (held.length > 0 || ups++ > 0) return;
    process.kill(supervisor.pid, 'SIGKILL');
  },
  onCrash: (reason) => {
    console.log(`crash: ${reason}`);
    crashes++;
    // It was killed; twice it could not be started; then it can.
    if (crashes === 1) starve();
    if (crashes === 3) for (const fd of held.splice(0)) closeSync(fd);
  },
});
let crashes = 0;
let ups = 0;
supervisor.start();
const look = setInterval(() => {
  if (ups < 2) return;
  clearInterval(look);
  void supervisor.stop({ warmMs: 1000, coldMs: 1000 }).then(() => console.log('stopped'));
}, 10);
