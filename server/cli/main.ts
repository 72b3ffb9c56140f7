#!/usr/bin/env node
// umbel: the file that runs. What it understands: program.ts, which is loaded when signals are heard.
import { exitOnEarlySignals } from './early-signals.ts';
import { openFilesProblem } from './open-files.ts';

exitOnEarlySignals(process.argv.slice(2));

let code: number;
try {
  const [{ main }, { guardStreams }] = await Promise.all([import('./program.ts'), import('./stdio.ts')]);
  guardStreams();
  code = await main(process.argv.slice(2));
} catch (error) {
  // Its own modules are files too.
  const problem = openFilesProblem(error);
  if (problem === null) throw error;
  process.stderr.write(`umbel: ${problem}\n`);
  code = 1;
}
// What was printed may still be on its way through a pipe; after it nothing is left to wait for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
