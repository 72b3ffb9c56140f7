// A prompt that reads commands line by line: words as a shell splits them, history, Tab, the same lines from a pipe.
// Not here: which commands there are (amqp-shell.ts).
import { createInterface } from 'node:readline';

/** 'a "b c" d' -> ['a', 'b c', 'd'] */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gs)) {
    words.push(
      match[1]!.replace(
        /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
        (_, double?: string, single?: string, escaped?: string) =>
          double === undefined ? (single ?? escaped ?? '') : double.replace(/\\(.)/gs, '$1'),
      ),
    );
  }
  return words;
}

/** Until the input ends or `run` says false. */
export async function runLines(options: {
  readonly prompt: string;
  readonly commands: readonly string[];
  readonly run: (words: string[]) => Promise<boolean>;
}): Promise<void> {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout } : {}),
    terminal: isTerminal,
    prompt: options.prompt,
    completer: (line: string): [string[], string] => [options.commands.filter((one) => one.startsWith(line)), line],
  });
  if (isTerminal) lines.prompt();
  lines.on('SIGINT', () => lines.close());
  for await (const line of lines) {
    const words = wordsOf(line);
    if (words.length > 0 && !(await options.run(words))) break;
    if (isTerminal) lines.prompt();
  }
  lines.close();
}
