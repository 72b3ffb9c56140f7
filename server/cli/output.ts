// What commands print: lines, tables, JSON, colour when a terminal reads it. What people ask for goes to standard output;
// what is told beside it (notes, warnings, errors) goes to standard error, so that a pipe gets only the answer.
// Not here: logs (log.ts), a reader that leaves (stdio.ts).
// Holds: with --json standard output is JSON and nothing else.
import { escapeControls, escapeJson } from '../../shared/format/escape.ts';
import { filled, widthOf } from './columns.ts';
import { print } from './stdio.ts';

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

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, reverse: 7 } as const;
export type Style = keyof typeof CODES;

export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  /** Of the terminal, or as COLUMNS says. null: nobody says. @unit columns */
  readonly width: number | null;
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
    width: process.stdout.columns || Number(process.env['COLUMNS']) || null,
    paint,
    line: (text = '') => print(process.stdout, `${text}\n`),
    value: (value) => print(process.stdout, `${toJson(value)}\n`),
    note: (text) => {
      if (!quiet) print(process.stderr, `${text}\n`);
    },
    warn: (text) => print(process.stderr, `${paint('warning:', 'yellow')} ${text}\n`),
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
  if (text === undefined) return 'null';
  return escapeJson(text.replace(/"\\u0000bigint (-?\d+)"/g, '$1'));
}

export interface Column {
  readonly head: string;
  /** Cut, with a mark, where a row would be too long. Others are what people copy: never cut. */
  readonly long?: boolean;
  /** Where there is colour. */
  readonly style?: (cell: string) => Style;
}

/** A long cell where nobody says how wide the page is (a pipe), and the least it is cut to where somebody does. */
const LONG = { most: 120, least: 12 };

/** Columns as wide as their widest cell, two spaces between; the last is not padded, empty ones are left out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  output: Pick<Output, 'paint' | 'width'>,
): string {
  const used = columns.map((column, at) => ({ ...column, at })).filter(({ at }) => rows.some((row) => row[at]));
  const all = [used.map(({ head }) => head), ...rows.map((row) => used.map(({ at }) => oneLine(row[at] ?? '')))];
  const widths = used.map(({ long }, i) => {
    const widest = Math.max(...all.map((row) => widthOf(row[i]!)));
    return long && output.width === null ? Math.min(widest, LONG.most) : widest;
  });
  let over = widths.reduce((sum, width) => sum + width + 2, -2) - (output.width ?? Number.POSITIVE_INFINITY);
  for (let i = used.length - 1; i >= 0 && over > 0; i--) {
    if (!used[i]!.long) continue;
    const width = Math.max(Math.min(LONG.least, widths[i]!), widths[i]! - over);
    over -= widths[i]! - width;
    widths[i] = width;
  }
  const line = (row: readonly string[]) => row.map((cell, i) => filled(cell, widths[i]!));
  const painted = (row: readonly string[]) =>
    line(row).map((cell, i) => {
      const style = used[i]!.style?.(row[i]!);
      return style ? cell.replace(row[i]!, output.paint(row[i]!, style)) : cell;
    });
  const [heads, ...cells] = all;
  return [
    output.paint(line(heads!).join('  ').trimEnd(), 'bold'),
    ...cells.map((row) => painted(row).join('  ').trimEnd()),
  ].join('\n');
}

/** What others sent must not move the cursor, begin a line, or reverse what stands beside it. */
export function oneLine(text: string): string {
  return escapeControls(text.replace(/\s*\n\s*/g, ' '));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
