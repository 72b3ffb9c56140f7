// A process of its own for sqlite.test.ts: does what stdin tells, one JSON line each, and answers with one line each.
import { createInterface } from 'node:readline';
import type { CountingBackend } from '../../../server/backends/contract.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { testContext } from './context.ts';

const backend = (await createBackend(testContext(process.argv[2]!))) as CountingBackend;
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.store) {
    await backend.store(command.store);
    console.log('stored');
  } else console.log((await backend.completeChordPart(command.part)) === null ? 0 : 1);
}
await backend.close();
