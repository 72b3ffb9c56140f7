// A program that owns the whole terminal for a while: alternate screen, no cursor, keys as they are pressed; all put back at its end.
// Not here: what is drawn and what keys do (events-view.ts).
// Holds: whichever way the process ends (a key, a signal, an error, process.exit), the terminal is as it was before.

export interface FullScreen {
  readonly columns: number;
  readonly rows: number;
  /** Shows these lines from the top; the rest is empty. They must not be wider than the screen. */
  draw(lines: readonly string[]): void;
  /** Puts the terminal back. Idempotent. */
  close(): void;
}

export interface FullScreenOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** 'q', 'up', 'enter' ... a letter as it is typed. */
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[?25h\x1b[?1049l';

const NAMED: Readonly<Record<string, string>> = {
  '\x1b[A': 'up',
  '\x1b[B': 'down',
  '\x1b[C': 'right',
  '\x1b[D': 'left',
  '\x1bOA': 'up',
  '\x1bOB': 'down',
  '\x1b[5~': 'pageup',
  '\x1b[6~': 'pagedown',
  '\x1b[H': 'home',
  '\x1b[F': 'end',
  '\x1b[1~': 'home',
  '\x1b[4~': 'end',
  '\x1b': 'escape',
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'interrupt',
};

export function openFullScreen(options: FullScreenOptions): FullScreen {
  const { input, output } = options;
  let open = true;
  const onData = (text: string) => {
    for (const key of keysOf(text)) if (open) options.onKey(key);
  };
  const close = () => {
    if (!open) return;
    open = false;
    input.off('data', onData);
    input.setRawMode?.(false);
    input.pause();
    output.off('resize', options.onResize);
    process.off('exit', close);
    output.write(LEAVE);
  };
  process.on('exit', close);
  input.setEncoding('utf8');
  input.setRawMode?.(true);
  input.on('data', onData).resume();
  output.on('resize', options.onResize);
  output.write(ENTER);
  return {
    get columns() {
      return output.columns || 80;
    },
    get rows() {
      return output.rows || 24;
    },
    draw(lines) {
      if (!open) return;
      // Erased before it is written: behind a line as wide as the screen some terminals would erase its last letter.
      const below = lines.length < (output.rows || 24) ? '\r\n\x1b[J' : '';
      output.write(`\x1b[H${lines.map((line) => `\x1b[K${line}`).join('\r\n')}${below}`);
    },
    close,
  };
}

/** What was typed, which may come several keys at a time. */
export function keysOf(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are controls
  const parts = text.match(/\x1b(?:\[[\d;]*[A-Za-z~]|O[A-Z])|[\s\S]/gu) ?? [];
  return parts.map((part) => NAMED[part] ?? part);
}
