// What a pool and one of its children say to one another: plain data, through a pipe (prefork) or a port (threads).
// Not here: how it travels (links.ts), who says what when (child.ts, child-main.ts).
//
// A child's life: up > ready (the app is loaded) or unable > jobs > leave. A job's: job > accepted > ended or overdue > done.
import type { AppSource } from '../app/load.ts';
import type { OutcomeFrame } from '../app/outcome.ts';
import type { LogLevel } from '../log.ts';
import type { TaskLabel } from '../log-format.ts';
import type { JobFrame } from './job.ts';

/** First of all. */
export interface ChildBoot {
  readonly type: 'boot';
  /** 'ForkPoolWorker-1', for logs and lists of processes. */
  readonly name: string;
  readonly hostname: string;
  readonly source: AppSource | null;
  readonly loglevel: LogLevel;
  /** Tell its memory after each job. */
  readonly measureMemory: boolean;
}

export type ToChild =
  | ChildBoot
  /** @property key this run of the job in this pool; Celery's 'Job: N' */
  | { readonly type: 'job'; readonly key: number; readonly job: JobFrame }
  /** The soft limit of a job has passed. */
  | { readonly type: 'soft'; readonly key: number; readonly limitMs: number }
  /** Its outcome is settled from outside, others in this child go on: tell its body, and say nothing more of it. */
  | { readonly type: 'abandon'; readonly key: number; readonly signal: string | null; readonly limitMs: number }
  /** End by this signal. */
  | { readonly type: 'die'; readonly signal: NodeJS.Signals }
  /** Every job is done: close the app and end. */
  | { readonly type: 'leave' };

export type FromChild =
  /** @property memoryKiB before its first job */
  | { readonly type: 'ready'; readonly memoryKiB: number }
  /** The app cannot be loaded here; it ends. */
  | { readonly type: 'unable'; readonly reason: string }
  /** The body begins. @property atMs epoch milliseconds */
  | { readonly type: 'accepted'; readonly key: number; readonly atMs: number }
  /** The body has ended; what it came to is being stored. No limit counts any more. */
  | { readonly type: 'ended'; readonly key: number }
  /** The body blocked past its hard limit, so that nothing could stop it, and stores nothing. */
  | { readonly type: 'overdue'; readonly key: number }
  /** As asked for. */
  | { readonly type: 'abandoned'; readonly key: number }
  | {
      readonly type: 'done';
      readonly key: number;
      readonly outcome: OutcomeFrame;
      readonly memoryKiB: number | null;
      /** Parts of chords counted since the last one. */
      readonly chordParts: number;
    }
  /** It has heard `die`, and is about to. */
  | { readonly type: 'dying' }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly name: string;
      /** In whose body it was said. */
      readonly task?: TaskLabel;
      readonly text: string;
      readonly fields?: Record<string, unknown>;
    };
