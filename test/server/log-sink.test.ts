// A log whose place is full, closed, deleted or rotated: nothing throws, what is missing is counted and said, and it heals.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../server/log.ts';
import { fileSink, type LogSink, type SinkOptions, streamSink } from '../../server/log-sink.ts';

let folder: string;
let nowMs = 0;
const troubles: string[] = [];
const options: SinkOptions = { monotonic: () => nowMs, onTrouble: (error) => troubles.push(error.message) };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-log-'));
  nowMs = 0;
  troubles.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const logTo = (sink: LogSink) => {
  const log = createLogger({ sink, level: 'DEBUG' });
  return (text: string) => log.info(text);
};
const texts = (content: string) => content.split('\n').map((line) => line.replace(/^\[[^\]]*\] /, ''));

describe('a log file', () => {
  it('whose folder vanishes costs lines and nothing else; when it is back, the first line says how many and why', () => {
    const path = join(folder, 'logs', 'worker.log');
    mkdirSync(join(folder, 'logs'));
    const say = logTo(fileSink(path, options));
    say('one');
    rmSync(join(folder, 'logs'), { recursive: true });
    for (let i = 0; i < 100; i++) say('lost');
    mkdirSync(join(folder, 'logs'));
    say('still within the second');
    expect(troubles).toEqual([expect.stringContaining('ENOENT')]);
    nowMs += 1000;
    say('two');
    say('three');
    expect(texts(readFileSync(path, 'utf8'))).toEqual([
      '',
      expect.stringMatching(/^101 lines of this log are missing here: writing failed \(ENOENT/),
      'two',
      'three',
      '',
    ]);
  });
  it('on a full disk is tried once a second, not for every line', () => {
    const sink = fileSink('/dev/full', options);
    const say = logTo(sink);
    for (let i = 0; i < 1000; i++) say('x');
    expect(sink.lost).toBe(1000);
    expect(troubles).toEqual([expect.stringContaining('ENOSPC')]);
  });
  it('that is rotated away is made anew', () => {
    const path = join(folder, 'worker.log');
    const say = logTo(fileSink(path, options));
    say('one');
    renameSync(path, `${path}.1`);
    say('two');
    expect([texts(readFileSync(`${path}.1`, 'utf8')), texts(readFileSync(path, 'utf8'))]).toEqual([
      ['one', ''],
      ['two', ''],
    ]);
  });
});

describe('a log file that is a pipe', () => {
  it('and has no reader, or is full, holds nobody up', () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const sink = fileSink(path, options);
    logTo(sink)('nobody reads this');
    expect([sink.lost, troubles]).toEqual([1, [expect.stringContaining('ENXIO')]]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    nowMs += 1000;
    logTo(sink)('x'.repeat(1_000_000));
    expect(sink.lost).toBeGreaterThan(0);
    closeSync(reader);
  });
});

describe('a log stream', () => {
  it('that breaks ends nothing, counts, and goes on when it can', async () => {
    let isBroken = true;
    const written: string[] = [];
    // As Node's standard streams: an error does not end them.
    const stream = new Writable();
    stream.write = ((text: string, done: (error: Error | null) => void) => {
      if (!isBroken) written.push(text);
      setImmediate(() => done(isBroken ? new Error('write EPIPE') : null));
      return true;
    }) as typeof stream.write;
    const settled = () => new Promise((resolve) => setTimeout(resolve));
    const sink = streamSink(stream, options);
    const say = logTo(sink);
    say('lost');
    await settled();
    say('lost too');
    await settled();
    expect(sink.lost).toBe(2);
    isBroken = false;
    nowMs += 1000;
    // Both on one turn: the loss is told once.
    say('one');
    say('two');
    await settled();
    expect(texts(written.join('')).filter((line) => line !== '')).toEqual([
      '2 lines of this log are missing here: writing failed (write EPIPE)',
      'one',
      'two',
    ]);
    expect(sink.lost).toBe(0);
  });
  it('that throws at once is no different', () => {
    const stream = new Writable();
    stream.write = () => {
      throw new Error('EIO');
    };
    const sink = streamSink(stream, options);
    logTo(sink)('x');
    expect(sink.lost).toBe(1);
  });
});
