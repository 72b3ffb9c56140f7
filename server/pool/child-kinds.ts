// What is particular to processes (`prefork`) and to threads (`threads`) as children of a pool.
// Not here: the line to them (links.ts), the pool (child-pool.ts).
import { type OpenLink, openProcess, openThread } from './links.ts';

export interface ChildKind {
  readonly name: string;
  readonly open: OpenLink;
  /** 'ForkPoolWorker': a child is called so, with a number. */
  readonly childName: string;
  readonly entry: URL;
  /** Needs no app that another process could load: a test's. */
  readonly needsSource: boolean;
}

const entry = new URL('./child-entry.ts', import.meta.url);

export const PREFORK: ChildKind = {
  name: 'prefork',
  open: openProcess,
  childName: 'ForkPoolWorker',
  entry,
  needsSource: true,
};

export const THREADS: ChildKind = {
  name: 'threads',
  open: openThread,
  childName: 'ThreadPoolWorker',
  entry,
  needsSource: true,
};
