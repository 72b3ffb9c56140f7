#!/usr/bin/env node
// umbel: the file that runs. What it understands: program.ts.
import { main } from './program.ts';
import { guardStreams } from './stdio.ts';

guardStreams();

const code = await main(process.argv.slice(2));
// What was printed may still be on its way through a pipe; after it nothing is left to wait for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
