// Numbers and lengths of time in the reader's language: in English as the terminal writes them (shared/format), else as the catalogue does.
// Null as '-' and what only charts need: ui/format.ts.
import { formatCount } from '../../../shared/format/text.ts';
import { catalogue } from './language.ts';

/** Exact below 10,000, then '12.4k' or '1.2万', never rounded up. '' when unknown. */
export function count(value: number | null | undefined): string {
  const english = formatCount(value);
  return catalogue && english !== '' ? catalogue.count(value!) : english;
}

/** Every '2 m 21 s' and '12.4k' of a text as the reader's language writes it. */
export const localFigures = (text: string): string => (catalogue ? catalogue.figures(text) : text);
