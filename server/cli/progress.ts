// A bar for long work, on standard error and only where a terminal reads it: redrawn in its line, gone when the work is over.
// Not here: the answer (output.ts), which a bar must never be part of.
import { cropped } from './columns.ts';
import { wantsColor } from './output.ts';
import { print } from './stdio.ts';

export interface Progress {
  /** @param total null: nobody knows how much there is */
  at(done: number, total: number | null, words?: string): void;
  /** Takes the bar away, so that a line may be printed; the next `at` draws it again. */
  clear(): void;
}

const BAR = 24;
const DEFAULT_WIDTH = 80;

/** @param what 'Purging'. @param quiet no bar */
export function createProgress(what: string, quiet: boolean, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (quiet || stream.isTTY !== true || process.env['TERM'] === 'dumb') return { at: () => {}, clear: () => {} };
  let drawn = false;
  const green = wantsColor(undefined, stream) ? (text: string) => `\x1b[32m${text}\x1b[0m` : (text: string) => text;
  return {
    at(done, total, words = '') {
      drawn = true;
      print(stream, `\r\x1b[2K${bar(what, done, total, words, (stream.columns || DEFAULT_WIDTH) - 1, green)}`);
    },
    clear() {
      if (drawn) print(stream, '\r\x1b[2K');
      drawn = false;
    },
  };
}

/** 'Purging [######------------------]  25 % 1/4 mail', never wider than `width`. */
export function bar(
  what: string,
  done: number,
  total: number | null,
  words: string,
  width: number,
  paint: (text: string) => string = (text) => text,
): string {
  const share = total === null || total <= 0 ? null : Math.min(1, done / total);
  const count = total === null ? `${done}` : `${done}/${total}`;
  const full = Math.floor((share ?? 0) * BAR);
  const head = share === null ? `${what} ` : `${what} [`;
  const tail = share === null ? count : `] ${String(Math.floor(share * 100)).padStart(3)} % ${count}`;
  const filled = share === null ? '' : '#'.repeat(full);
  const empty = share === null ? '' : '-'.repeat(BAR - full);
  const used = head.length + filled.length + empty.length + tail.length;
  if (used > width) return `${what} ${count}`.slice(0, Math.max(0, width));
  const room = width - used;
  const rest = words !== '' && room > 1 ? cropped(` ${words}`, room) : '';
  return head + paint(filled) + empty + tail + rest;
}
