// The files of --logfile.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLog } from '../../../server/cli/log.ts';

describe('--logfile', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'umbel-logs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(folder)
        .sort()
        .map((name) => [name, readFileSync(join(folder, name), 'utf8').replace(/^\[[^:]*:[^:]*:[^:]*: ?/gm, '[')]),
    );
  const logTo = (name: string) =>
    openLog({ logfile: join(folder, name), loglevel: 'INFO' }, 'MainProcess', 'mail@web1.shop.org');

  it("with %I or %i has the lines of a pool's children in a file each", () => {
    const log = logTo('%n-%d-%p%I.log');
    log.info('ready');
    const child = log.child('ForkPoolWorker-7', null, 2);
    child.info('loaded');
    child.child('add[1]', { name: 'add', id: '1' }).info('of a task');
    log.child('ForkPoolWorker-8', null, 2).info('in its place');
    logTo('%h.%i').child('ForkPoolWorker-1', null, 1).info('one');
    expect(written()).toEqual({
      'mail-shop.org-mail@web1.shop.org.log': '[INFO/MainProcess] ready\n',
      'mail-shop.org-mail@web1.shop.org-2.log':
        '[INFO/ForkPoolWorker-7] loaded\n[INFO/ForkPoolWorker-7] add[1]: of a task\n[INFO/ForkPoolWorker-8] in its place\n',
      'web1.shop.org.0': '',
      'web1.shop.org.1': '[INFO/ForkPoolWorker-1] one\n',
    });
  });

  it('without them has all lines in one file, also with %%i', () => {
    const log = logTo('all%%i.log');
    log.info('ready');
    log.child('ForkPoolWorker-1', null, 1).info('loaded');
    expect(written()['all%i.log']).toBe('[INFO/MainProcess] ready\n[INFO/ForkPoolWorker-1] loaded\n');
  });
});
