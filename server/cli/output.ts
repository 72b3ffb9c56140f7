// What commands print: lines, tables, JSON, colour when a terminal reads it. What people ask for goes to standard output;
// what is told beside it (notes, warnings, errors) goes to standard error, so that a pipe gets only the answer.
// Not here: the worker's log (log.ts).
// Holds: with --json standard output is JSON and nothing else.

/** sysexits.h, the ones Celery uses. */
export const EXIT = { ok: 0, failure: 1, usage: 64, unavailable: 69, cannotCreate: 73 } as const;

/** An end that was foreseen: printed as one line, without a stack. */
export class CliError extends Error {
  readonly exitCode: number;
  /** What to try next; printed below. */
  readonly hint: string | null;
  constructor(message: string, exitCode: number = EXIT.failure, hint: string | null = null) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Style = keyof typeof CODES;

export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  /** A line of the answer. */
  line(text?: string): void;
  /** The whole answer as JSON. */
  value(value: unknown): void;
  /** A remark; not with --quiet. */
  note(text: string): void;
  warn(text: string): void;
  paint(text: string, ...styles: Style[]): string;
}

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** False: never. Otherwise when standard output is a terminal. */
  readonly color?: boolean;
}

export function wantsColor(allowed: boolean | undefined, stream: NodeJS.WriteStream): boolean {
  if (allowed === false || process.env['NO_COLOR']) return false;
  return stream.isTTY === true || Boolean(process.env['FORCE_COLOR'] && process.env['FORCE_COLOR'] !== '0');
}

export function createOutput(options: OutputOptions = {}): Output {
  const color = wantsColor(options.color, process.stdout);
  const quiet = options.quiet === true;
  const paint = (text: string, ...styles: Style[]) =>
    color ? `${styles.map((style) => `\x1b[${CODES[style]}m`).join('')}${text}\x1b[0m` : text;
  return {
    json: options.json === true,
    quiet,
    color,
    paint,
    line: (text = '') => void process.stdout.write(`${text}\n`),
    value: (value) => void process.stdout.write(`${toJson(value)}\n`),
    note: (text) => {
      if (!quiet) process.stderr.write(`${text}\n`);
    },
    warn: (text) => void process.stderr.write(`${paint('warning:', 'yellow')} ${text}\n`),
  };
}

/** JSON of any value we meet: big integers to the last digit, instants as ISO texts, bytes as base64, errors as their text. */
export function toJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_key, one: unknown) => {
      if (typeof one === 'bigint') return `\0bigint ${one}`;
      if (one instanceof Uint8Array) return Buffer.from(one).toString('base64');
      if (one instanceof Error) return `${one.name}: ${one.message}`;
      if (one instanceof Map) return Object.fromEntries(one);
      if (one instanceof Set) return [...one];
      return one;
    },
    indent,
  );
  return text?.replace(/"\\u0000bigint (-?\d+)"/g, '$1') ?? 'null';
}

/** Columns as wide as their widest cell, two spaces between; the last column is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], output: Output): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const write = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [output.paint(write(head), 'bold'), ...rows.map(write)].join('\n');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
