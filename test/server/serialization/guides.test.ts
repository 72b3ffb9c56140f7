// The code of the guides on serializers and on signing runs as it stands there, but for its addresses.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { silentLogger } from '../../../server/log.ts';
import { Worker } from '../../../server/worker/worker.ts';
import { signingKeys } from '../../support/signing-keys.ts';

test.each([
  ['serializers.md', ['3', '10000']],
  ['signing.md', ['5']],
])('%s', async (page, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-guide-'));
  mkdirSync(join(folder, 'keys'));
  signingKeys(join(folder, 'keys'), 'shop');
  const text = readFileSync(new URL(`../../../docs/guides/${page}`, import.meta.url), 'utf8');
  const [, source] = /```ts\n(.*?)```/s.exec(text)!;
  const code = transformSync(source!.replaceAll(/^import .*\n/gm, ''), { loader: 'ts' })
    .code.replaceAll(/redis:\/\/localhost:6379\/0/g, `memory://${page}`)
    .replaceAll(/redis:\/\/localhost:6379\/1/g, `cache+memory://${page}`)
    .replaceAll('keys/', `${folder}/keys/`);
  const printed: string[] = [];
  const QuietWorker = class extends Worker {
    constructor(app: Celery) {
      super(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
    }
  };
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => Promise<void>;
  await new AsyncFunction('Celery', 'Worker', 'console', code)(Celery, QuietWorker, {
    log: (value: unknown) => printed.push(String(value)),
  });
  expect(printed).toEqual(expected);
  rmSync(folder, { recursive: true });
});
