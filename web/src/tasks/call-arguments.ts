// The arguments of a call as Python would write them, from the reprs that events carry. Pure.
import type { TaskRow } from '../../../shared/wire/tasks.ts';

/** As Python would write the call: (918273, currency='EUR'). */
export function argumentsOf(row: Pick<TaskRow, 'args' | 'kwargs'>): string {
  if (!row.args && !row.kwargs) return '-';
  const args = row.args && row.args !== '()' && row.args !== '[]' ? row.args.replace(/^[([]|,?[)\]]$/g, '') : '';
  const kwargs = row.kwargs && row.kwargs !== '{}' ? asKeywords(row.kwargs.replace(/^\{|\}$/g, '')) : '';
  return args || kwargs ? `(${[args, kwargs].filter(Boolean).join(', ')})` : '()';
}

/** 'a': 1, 'b': {'c': 2} is a=1, b={'c': 2}: only keys of the outermost level. */
function asKeywords(text: string): string {
  let depth = 0;
  let quote = '';
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote) {
      if (char === '\\') out += text[i++];
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') {
      const key = depth === 0 ? /^(['"])([A-Za-z_]\w*)\1: /.exec(text.slice(i, i + 80)) : null;
      if (key) {
        out += `${key[2]}=`;
        i += key[0].length - 1;
        continue;
      }
      quote = char;
    } else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    out += text[i] ?? '';
  }
  return out;
}
