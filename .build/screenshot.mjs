// Takes docs/overview.png anew: the overview of the demo shop after it has run for some minutes. By hand, after a build:
// node .build/screenshot.mjs [minutes, default 4] [file]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright';
import { ROOT } from './entries.mjs';

const [minutes = '4', path = join(ROOT, 'docs/overview.png')] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'umbel-picture-'));
const up = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), 'up', '--port', '0', '--json'], {
  cwd: folder,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = new Promise((done) => up.on('close', done));
const { address } = JSON.parse(await new Promise((done) => up.stdout.once('data', (data) => done(String(data)))));
const browser = await chromium.launch({
  executablePath: ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync),
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
});
try {
  // Not a wait for a condition: the picture wants a history of this length.
  await pause(Number(minutes) * 60_000);
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor: 1,
    colorScheme: 'light',
  });
  await page.goto(`${address}/?range=15m`);
  await page.locator('.traffic svg.recharts-surface').nth(2).waitFor();
  await page.locator('button.live', { hasText: 'events/s' }).waitFor();
  await page.screenshot({ path });
  process.stdout.write(`${path}\n`);
} finally {
  await browser.close();
  up.kill('SIGINT');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
