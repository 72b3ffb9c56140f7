// Sends the figures of /metrics to a receiver of OTLP (HTTP, JSON) now and then: a Collector, or whatever takes its place.
// Not here: the figures (metrics.ts), their form (otlp.ts).
// Holds: one is on its way at a time, and for SILENT_MS at most; a receiver that is away holds nothing up, and is told of in the log once
// when it goes and once when it is back.
// No SDK: its instruments cannot be given histograms that are counted already, and these figures are.
import { hostname } from 'node:os';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Resolved } from '../options.ts';
import type { Metrics } from './metrics.ts';
import { otlpMetrics } from './otlp.ts';

const SILENT_MS = 10_000;

export interface OtlpPushParts {
  readonly options: Pick<Resolved, 'clusters' | 'name' | 'otlp_headers' | 'otlp_interval'>;
  readonly url: string;
  readonly version: string;
  readonly metrics: Pick<Metrics, 'families'>;
  readonly timer: Timer;
  readonly log: Logger;
}

export class OtlpPush {
  readonly #parts: OtlpPushParts;
  readonly #startedMs: number;
  readonly #handle: TimerHandle;
  readonly #gone = new AbortController();
  #sending = false;
  #isAway = false;

  constructor(parts: OtlpPushParts) {
    this.#parts = parts;
    this.#startedMs = parts.timer.now();
    this.#handle = parts.timer.every(parts.options.otlp_interval * 1000, () => void this.push());
  }

  stop(): void {
    this.#handle.cancel();
    this.#gone.abort();
  }

  /** Never rejects. */
  async push(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    const { log, url } = this.#parts;
    try {
      await this.#send(await this.#body());
      if (this.#isAway) log.info(`The receiver of OTLP metrics at ${url} answers again`);
      this.#isAway = false;
    } catch (error) {
      const { message, cause } = toError(error);
      const why = cause instanceof Error ? cause.message : message;
      if (!this.#isAway && !this.#gone.signal.aborted)
        log.warning(`Metrics could not be sent to ${url} (otlp_metrics): ${why}`);
      this.#isAway = true;
    } finally {
      this.#sending = false;
    }
  }

  async #body(): Promise<string> {
    const { metrics, options, timer, version } = this.#parts;
    const resource = {
      'service.name': 'umbel-dashboard',
      'service.version': version,
      'service.instance.id': [hostname(), process.pid, ...(options.clusters ? [options.name] : [])].join(':'),
      'umbel.cluster': options.name,
    };
    const instants = { startedMs: this.#startedMs, nowMs: timer.now() };
    return JSON.stringify(otlpMetrics(await metrics.families(), resource, { name: 'umbel', version }, instants));
  }

  async #send(body: string): Promise<void> {
    const { options, url } = this.#parts;
    const reply = await fetch(url, {
      method: 'POST',
      headers: { ...options.otlp_headers, 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.any([this.#gone.signal, AbortSignal.timeout(SILENT_MS)]),
    });
    const said = (await reply.text()).slice(0, 200);
    if (!reply.ok) throw new Error(`it answers ${reply.status} ${said}`);
  }
}
