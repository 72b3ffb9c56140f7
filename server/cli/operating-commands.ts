// Declarations of the commands for who operates a cluster by hand.
// Not here: the programs and the commands about tasks and workers (program.ts), what each does (the file of its name).
// Celery 5.6: bin/
import { addGlobals, type Sub } from './command-parts.ts';

/** For the list of commands alone: its words are read by multi-nodes.ts. */
export function addMulti(sub: Sub): void {
  addGlobals(sub('multi', 'Several workers at once, in the background: start, stop, restart ...')).allowUnknownOption();
}
