// The examples run as they stand.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Worker } from '../../server/worker/worker.ts';
import { READ_SOURCES } from '../support/sources/read-sources.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function run(path: string, env: Record<string, string>, cwd: string) {
  const child = spawn(process.execPath, [...READ_SOURCES, ROOT + path], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended, output: () => output };
}

describe('the examples', () => {
  it('the quickstart adds two numbers and ends', async () => {
    const { ended, output } = run('examples/quickstart/quickstart.ts', {}, ROOT);
    expect(await ended).toBe(0);
    expect(output()).toBe('5\n');
  });

  it('the Fastify app serves its own route and the dashboard under its prefix', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-fastify-'));
    const { child, ended, output } = run('examples/fastify/server.ts', { PORT: '0' }, folder);
    try {
      const address = await until(() => /http:\S+\/queue\//.exec(output())?.[0], 'the server to listen');
      const own = new URL('/', address);
      expect(await (await fetch(own)).json()).toMatchObject({ hello: 'world' });
      expect((await fetch(new URL('healthcheck', address))).status).toBe(200);
      const tasks = await fetch(new URL('api/v2/tasks', address));
      expect(tasks.status).toBe(200);
    } finally {
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('the shop: an order passes its chain, pictures their chord, and beat’s tasks have a worker', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-shop-'));
    process.env['CELERY_BROKER_URL'] = `sqlite:///${join(folder, 'shop.db')}`;
    process.env['CELERY_RESULT_BACKEND'] = `sqlite:///${join(folder, 'shop.db')}`;
    const { app } = await import('../../examples/shop/app.ts');
    const { publishPictures } = await import('../../examples/shop/workflows.ts');
    const { recordView } = await import('../../examples/shop/orders.ts');
    const worker = new Worker(app, { loglevel: 'CRITICAL' });
    try {
      await worker.start();
      await recordView.delay('MUG-BLUE', 'ada@example.com');
      const pictures = await publishPictures('LAMP-DESK');
      expect(await pictures.get({ timeout: 90 })).toMatchObject({
        sku: 'LAMP-DESK',
        pictures: expect.arrayContaining(['lamp-desk-120.jpg']),
      });
      for (const { task } of Object.values(app.conf.beat_schedule as Record<string, { task: string }>)) {
        expect(app.tasks.has(task)).toBe(true);
      }
    } finally {
      await worker.stop();
      await app.close();
      delete process.env['CELERY_BROKER_URL'];
      delete process.env['CELERY_RESULT_BACKEND'];
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
