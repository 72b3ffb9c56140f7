// A process that takes in events until it is killed, telling its parent when each task's event came in.

import { openHistory } from '../../../server/dashboard/history/sqlite/history.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';

const history = await openHistory(process.argv[2]!, { cluster: ['redis://localhost:6379/0'] });
const state = new ClusterState();
let n = 0;
setInterval(() => {
  const uuids: string[] = [];
  const at = Date.now();
  for (let i = 0; i < 20; i++) {
    const uuid = `k${n++}`;
    uuids.push(uuid);
    state.apply({
      type: 'task-received',
      uuid,
      hostname: 'w@h',
      timestamp: at / 1000,
      local_received: at / 1000,
      clock: n,
      name: 'n',
    });
  }
  process.send!({ uuids, at });
}, 10);
// The cluster's own rhythm: cluster.ts, FLUSH_MS.
setInterval(() => history.write(state.cut(), Date.now() / 1000), 100);
