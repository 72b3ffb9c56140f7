// A dashboard with a provider, its log, and a browser of a few lines that goes there and comes back.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../../server/dashboard/dashboard.ts';
import { createLogger } from '../../../server/log.ts';
import type { OperationRecord, OperationsPage } from '../../../shared/wire/operations.ts';
import type { SignInNotice, SignInWays } from '../../../shared/wire/session.ts';
import { ManualTimer } from '../../support/clock.ts';

/** Where the tests' dashboards would be. */
export const HERE = 'http://localhost:5555';

export interface World {
  readonly timer: ManualTimer;
  readonly dashboard: Dashboard;
  /** Everything logged so far. */
  readonly said: () => string;
  /** Another one of the same files, with other options. */
  restart(options: DashboardOptions): Promise<World>;
  audit(): Promise<OperationRecord[]>;
  /** Everything in the folder of its files. */
  files(): string;
}

export interface WorldParts {
  readonly fetch?: typeof globalThis.fetch;
  readonly folder?: string;
  readonly timer?: ManualTimer;
}

/** @param options of the provider; a password user `root:pw` is there too, to look at the audit log */
export function world(options: DashboardOptions, { fetch, ...parts }: WorldParts = {}): World {
  const folder = parts.folder ?? mkdtempSync(join(tmpdir(), 'umbel-providers-'));
  const timer = parts.timer ?? new ManualTimer();
  let said = '';
  const log = createLogger({
    level: 'DEBUG',
    write: (line: string) => {
      said += `${line}\n`;
    },
  });
  const given = {
    broker: `memory://${randomUUID()}`,
    db: join(folder, 'history.db'),
    port: 0,
    basic_auth: 'root:pw',
    ...options,
  };
  const dashboard = createDashboard(given, { log, timer, pages: null, ...(fetch && { fetch }) });
  onTestFinished(async () => {
    await dashboard.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const prefix = dashboard.options.url_prefix;
  return {
    ...{ dashboard, timer, said: () => said },
    async restart(other) {
      await dashboard.close();
      return world({ ...options, ...other }, { folder, timer, ...(fetch && { fetch }) });
    },
    async audit() {
      const headers = { host: 'localhost', authorization: `Basic ${btoa('root:pw')}` };
      const reply = await dashboard.app.inject({ url: `${prefix}/api/v2/operations`, headers });
      return reply.json<OperationsPage>().items;
    },
    files: () =>
      readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'latin1'))
        .join('\n'),
  };
}

/** Cookies of a dashboard and of a provider, and what a person does with them. */
export class Visitor {
  readonly #dashboard: Dashboard;
  readonly #here = new Map<string, string>();
  readonly #there = new Map<string, string>();

  constructor({ dashboard }: Pick<World, 'dashboard'>) {
    this.#dashboard = dashboard;
  }

  /** @param path below the prefix */
  async ask(path: string, more: Record<string, string> = {}) {
    const url = this.#dashboard.options.url_prefix + path;
    const headers = { host: 'localhost:5555', cookie: written(this.#here), ...more };
    const reply = await this.#dashboard.app.inject({ url, headers });
    keep(this.#here, [reply.headers['set-cookie'] ?? []].flat());
    return reply;
  }

  /** @returns status, and where the browser is sent */
  async begin(provider: string, query = ''): Promise<{ status: number; location: string }> {
    const reply = await this.ask(`/login/${provider}${query}`);
    return { status: reply.statusCode, location: String(reply.headers.location) };
  }

  /** What the provider answers, up to the way back. @param who is chosen where one chooses  @returns the address of that */
  async there(location: string, who?: string): Promise<string> {
    let url = location;
    for (let hops = 0; hops < 12 && !url.startsWith(HERE); hops++) {
      const reply = await fetch(url, { redirect: 'manual', headers: { cookie: written(this.#there) } });
      keep(this.#there, reply.headers.getSetCookie());
      const next = reply.headers.get('location');
      const page = await reply.text();
      if (next === null && !page.includes(`/as/${who}"`)) throw new Error(`${url} answers ${reply.status} ${page}`);
      url = new URL(next ?? `${new URL(url).pathname}/as/${who}`, url).toString();
    }
    return url;
  }

  /** @param url the way back  @returns where the dashboard leads on */
  async back(url: string, more: Record<string, string> = {}): Promise<string> {
    const { pathname, search } = new URL(url);
    const prefix = this.#dashboard.options.url_prefix;
    const reply = await this.ask(pathname.slice(prefix.length) + search, more);
    return String(reply.headers.location);
  }

  /** All of it. @returns where the dashboard leads on */
  async signIn(provider: string, who?: string, query = ''): Promise<string> {
    const { location } = await this.begin(provider, query);
    return this.back(await this.there(location, who));
  }

  async notice(): Promise<SignInNotice | null> {
    return (await this.ask('/api/v2/session')).json<SignInWays>().notice;
  }

  /** Who one is to the dashboard: the name, or a status. */
  async whoAmI(): Promise<string | number> {
    const reply = await this.ask('/api/v2/cluster');
    return reply.statusCode === 200 ? reply.json<{ user: string }>().user : reply.statusCode;
  }

  get cookies(): string {
    return written(this.#here);
  }
}

const written = (jar: ReadonlyMap<string, string>): string => [...jar].map((pair) => pair.join('=')).join('; ');

function keep(jar: Map<string, string>, set: readonly string[]): void {
  for (const one of set) {
    const [pair = '', ...more] = one.split(';');
    const at = pair.indexOf('=');
    const isOver = more.some((part) => /^\s*max-age=0$/i.test(part) || /^\s*expires=Thu, 01 Jan 1970/i.test(part));
    if (isOver) jar.delete(pair.slice(0, at));
    else jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
}
