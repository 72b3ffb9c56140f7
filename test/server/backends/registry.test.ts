import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { MEMORY } from '../../../server/backends/flags.ts';
import { optionalDriver } from '../../../server/backends/optional-driver.ts';
import { backendFlags, createBackend, registerBackend } from '../../../server/backends/registry.ts';
import { ImproperlyConfigured, NotImplementedError } from '../../../server/errors.ts';
import { silentLogger } from '../../../server/log.ts';
import { Worker } from '../../../server/worker/worker.ts';
import { record, testContext } from './context.ts';

describe('choosing a result store by URL', () => {
  test('an unknown scheme is refused with the known ones, and no secret is shown', async () => {
    const refused = createBackend(testContext('mongo://me:secret@host/db'));
    await expect(refused).rejects.toThrow(ImproperlyConfigured);
    await expect(refused).rejects.toThrow(/Unknown result store "mongo:.*memory:\/\/.*sqlite:\/\//);
    await expect(refused).rejects.not.toThrow(/secret/);
  });

  test('a SQLite store needs a file', async () => {
    for (const url of ['sqlite://', 'sqlite:///', 'sqlite://host/x.db', 'sqlite:///:memory:']) {
      await expect(createBackend(testContext(url))).rejects.toThrow(/needs a file: sqlite:\/\/\/relative.db/);
    }
  });

  test('a SQLite store that cannot be opened says which file', async () => {
    const file = fileURLToPath(import.meta.url);
    await expect(createBackend(testContext(`sqlite:///${file}/x.db`))).rejects.toThrow(
      /Cannot open the result store .*x\.db/,
    );
  });

  test('without a URL results are dropped, and asking says how to configure a store', async () => {
    for (const url of ['', 'disabled', 'disabled://']) {
      const backend = await createBackend(testContext(url));
      expect([backend.driver, backend.enabled]).toEqual(['disabled', false]);
      await backend.store(record('a', 'SUCCESS'));
      await backend.forget('a');
      await expect(backend.get('a')).rejects.toThrow(NotImplementedError);
      await backend.close();
    }
  });

  test('a store registered for a scheme is loaded when a URL asks for it', async () => {
    let loads = 0;
    const memory = await createBackend(testContext('memory://registered'));
    registerBackend('Mine', { ...MEMORY, expiresItself: false }, async () => {
      loads++;
      return () => memory;
    });
    expect(loads).toBe(0);
    expect(backendFlags('mine://x')).toEqual({ shared: false, expiresItself: false, chords: 'counts' });
    expect(backendFlags('nobodys://x')).toBeNull();
    expect(await createBackend(testContext('mine://x'))).toBe(memory);
    expect(loads).toBe(1);
    await memory.close();
  });

  test('a worker has loaded the code of its store when it is ready, not at its first result', async () => {
    const loaded: string[] = [];
    const memory = await createBackend(testContext('memory://early'));
    registerBackend('early', MEMORY, async () => {
      loaded.push('code');
      return () => {
        loaded.push('opened');
        return memory;
      };
    });
    const app = new Celery('early', { broker: 'memory://early', backend: 'early://x' }, { log: silentLogger });
    const worker = new Worker(app, { log: silentLogger });
    await worker.start();
    try {
      expect(loaded[0]).toBe('code');
    } finally {
      await worker.stop('cold');
      await app.close();
    }
  });
});

test('a driver that is not installed is named, with the command that installs it', async () => {
  const missing = optionalDriver('umbel-no-such-driver', 'A result store on Nothing');
  await expect(missing).rejects.toThrow(ImproperlyConfigured);
  await expect(missing).rejects.toThrow(
    /A result store on Nothing needs the package .*npm install umbel-no-such-driver/,
  );
});
