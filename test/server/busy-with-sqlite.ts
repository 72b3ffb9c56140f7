// A thread that is in the SQLite driver nearly all the time, from loading it on.
import { parentPort, workerData } from 'node:worker_threads';
import { EmbeddedDb } from '../../server/embedded-db.ts';

const { path } = workerData as { path: string };
parentPort!.postMessage('begins');
const db = new EmbeddedDb(path);
db.exec('CREATE TABLE IF NOT EXISTS notes (text TEXT)');
for (;;) {
  db.run('INSERT INTO notes VALUES (?)', 'one more');
  db.all('SELECT * FROM notes LIMIT 5');
  try {
    db.all('SELECT nothing FROM nowhere');
  } catch {
    // It throws, too, at the wrong moment.
  }
}
