// The dashboard on a cluster of real Python workers, asked as a page would ask: who works, what is known of each task, and sending it
// again with its true call. By subject in python-cluster/. As a person sees it: test/e2e/python-cluster.test.ts.
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { LONG, usePythonCluster } from './python-cluster/cluster.ts';
import { counts } from './python-cluster/counted.ts';
import { answersAsFlower } from './python-cluster/flower-api.ts';
import { sendsAgain } from './python-cluster/send-again.ts';
import { tellsOfTasks } from './python-cluster/task-told.ts';
import { staysOnline, tellsOfWorkers } from './python-cluster/workers.ts';

describeNeedsPythonOnRedis('a dashboard on a Python cluster', { timeout: 2 * LONG }, () => {
  const cluster = usePythonCluster();
  tellsOfWorkers(cluster);
  sendsAgain(cluster);
  tellsOfTasks(cluster);
  answersAsFlower(cluster);
  counts(cluster);
  staysOnline(cluster);
});
