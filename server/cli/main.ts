#!/usr/bin/env node
// umbel: the file that runs. What it understands: program.ts, which is loaded when signals are heard.
import { exitOnEarlySignals } from './early-signals.ts';

exitOnEarlySignals(process.argv.slice(2));

const [{ main }, { guardStreams }] = await Promise.all([import('./program.ts'), import('./stdio.ts')]);
guardStreams();

const code = await main(process.argv.slice(2));
// What was printed may still be on its way through a pipe; after it nothing is left to wait for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
