// The filter of a short list, all of it here in the page: words that must occur, `queue:images`, `waiting>100`, `oldest>5m`. Pure.
// The query language of tasks, which the server reads too: shared/query.
// Holds: any text is a filter, never an error; a word with a colon that names no field is looked for as it is.

export interface FilterFields<Row> {
  /** Where plain words are looked for. */
  text: (row: Row) => string;
  /** Fields by name; several values: one must fit. Durations are seconds. */
  fields: Readonly<Record<string, (row: Row) => string | number | null | readonly string[]>>;
}

const UNIT: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, k: 1000 };

export function readFilter<Row>(text: string, { text: whole, fields }: FilterFields<Row>): (row: Row) => boolean {
  const tests = text
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word): ((row: Row) => boolean) => {
      const [, name = '', sign = '', wanted = ''] = /^([a-z_]+)(:|<=?|>=?)(.*)$/.exec(word) ?? [];
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (!field || wanted === '') return (row) => whole(row).toLowerCase().includes(word);
      return (row) => fits(field(row), sign, wanted);
    });
  return (row) => {
    try {
      return tests.every((test) => test(row));
    } catch {
      // A row that cannot be read is shown rather than hidden.
      return true;
    }
  };
}

function fits(value: string | number | null | readonly string[], sign: string, wanted: string): boolean {
  if (value === null) return wanted === 'unknown';
  if (typeof value === 'object') return value.some((one) => fits(one, sign, wanted));
  if (typeof value === 'string') return sign === ':' && value.toLowerCase().includes(wanted);
  const match = /^(\d+(?:\.\d+)?)([smhdk])?$/.exec(wanted);
  if (!match) return false;
  const number = Number(match[1]) * (UNIT[match[2] ?? 's'] ?? 1);
  switch (sign) {
    case ':':
      return value === number;
    case '<':
      return value < number;
    case '<=':
      return value <= number;
    case '>':
      return value > number;
    default:
      return value >= number;
  }
}
