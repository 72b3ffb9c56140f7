// What a whole run of the tests shares: one Chromium, started when the first file asks for it, and an end to all that was started.
// Runs in vitest's own process, beside the files (vitest.config.ts: globalSetup). Who asks: ../e2e/support/browser.ts.
// Holds: a run in which nobody asks starts no Chromium; a run that nobody waits for any more ends.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BrowserServer, chromium } from 'playwright';
import type { TestProject } from 'vitest/node';
import { whenLauncherIsGone } from '../../.build/launcher.mjs';
import { CHROMIUM } from '../e2e/support/chromium.ts';
import { endChildrenWithThis } from './ends-with-run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the address at which the run's Chromium is driven. */
    chromium: string;
  }
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  // What draws is a thread, not a process that is told all of it: a load takes a tenth less CPU.
  '--in-process-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Pages of one context share a process, and with it what is compiled of their scripts.
  '--process-per-site',
];
/** The machine may be busy with the tests. @unit milliseconds */
const LONG = 120_000;

export default async function shared(project: TestProject): Promise<() => Promise<void>> {
  endChildrenWithThis();
  whenLauncherIsGone(() => process.exit(1));
  let browser: Promise<BrowserServer> | null = null;
  const door = createServer((_, reply) => {
    browser ??= chromium.launchServer({ executablePath: CHROMIUM ?? '', args: ARGS, timeout: LONG });
    browser.then(
      (server) => reply.end(server.wsEndpoint()),
      (error: unknown) => reply.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((done) => door.listen(0, '127.0.0.1', done));
  project.provide('chromium', `http://127.0.0.1:${(door.address() as AddressInfo).port}`);
  return async () => {
    door.close();
    door.closeAllConnections();
    await browser?.then(
      (server) => server.close(),
      () => {},
    );
  };
}
