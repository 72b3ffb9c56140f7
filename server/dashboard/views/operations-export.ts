// The audit log as one file: CSV for a spreadsheet (RFC 4180), or a JSON array.
// Not here: which records, and reading them page after page (routes/operations.ts).
// Holds: a text that a spreadsheet would take for a formula is no formula: an apostrophe stands before it, also where a spreadsheet that
// divides at semicolons, tabs or line ends would begin a cell in it; a moment is ISO 8601 in UTC;
// what is unknown is an empty cell.
import { jsonText } from '../../../shared/json-text.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';

type Pages = AsyncIterable<readonly OperationRecord[]>;

const COLUMNS: readonly (readonly [name: string, of: (record: OperationRecord) => string | number])[] = [
  ['id', (r) => r.id],
  ['at', (r) => new Date(r.at * 1000).toISOString()],
  ['who', (r) => r.who],
  ['address', (r) => r.address ?? ''],
  ['token', (r) => r.token ?? ''],
  ['action', (r) => r.action],
  ['subject', (r) => r.subject],
  ['task_name', (r) => r.task_name ?? ''],
  ['outcome', (r) => r.outcome],
  ['summary', (r) => r.summary],
  ['answers', (r) => r.answers.map(({ worker, ok, text }) => `${worker}: ${ok ? 'ok' : 'failed'} ${text}`).join('\n')],
  ['effect', (r) => r.effect?.state ?? ''],
  ['new_ids', (r) => (r.new_ids ? jsonText(r.new_ids) : '')],
  ['request', (r) => jsonText(r.request)],
];

export async function* csvOf(pages: Pages): AsyncGenerator<string> {
  yield line(COLUMNS.map(([name]) => name));
  for await (const page of pages) yield page.map((record) => line(COLUMNS.map(([, of]) => of(record)))).join('');
}

export async function* jsonOf(pages: Pages): AsyncGenerator<string> {
  let before = '[';
  for await (const page of pages) {
    yield `${before}\n${page.map((record) => jsonText(record)).join(',\n')}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

function line(cells: readonly (string | number)[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}

/** The full-width signs are the same ones in East Asian locales. */
const FORMULA = /(?=[=+\-@\uff1d\uff0b\uff0d\uff20])(?<=^|[;\t\r\n] *)|^(?=[\t\r\n])/g;

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = value.replace(FORMULA, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
