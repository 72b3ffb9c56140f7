// Python's fnmatch: patterns of the shell, as routes and remote control have them: `*`, `?`, `[seq]`, `[!seq]`.
// Holds: what it makes are plain classes, dots and stars, so that an engine that counts its steps (query/regex.ts) reads them too.
// Python: fnmatch.translate

/** The source of a regular expression for the whole name; its dots mean any character (flag s). */
export function fnmatchSource(glob: string): string {
  let source = '';
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i]!;
    if (c === '*') {
      if (!source.endsWith('.*')) source += '.*';
    } else if (c === '?') source += '.';
    else if (c === '[') {
      // A ']' that comes first is one of the set; without an end it is no set.
      let first = i + 1;
      if (glob[first] === '!') first++;
      const end = glob.indexOf(']', glob[first] === ']' ? first + 1 : first);
      if (end < 0) source += '\\[';
      else {
        source += setSource(glob.slice(first, end), first > i + 1);
        i = end;
      }
    } else source += escaped(c);
  }
  return `^${source}$`;
}

export function fnmatchToRegExp(glob: string): RegExp {
  return new RegExp(fnmatchSource(glob), 's');
}

/** `a-z` is a range, one that runs backwards is nothing; a hyphen at either end is itself. */
function setSource(set: string, negated: boolean): string {
  let inner = '';
  for (let i = 0; i < set.length; i++) {
    const [from, to] = [set[i]!, set[i + 2]];
    if (set[i + 1] === '-' && to !== undefined) {
      if (from <= to) inner += `${escaped(from)}-${escaped(to)}`;
      i += 2;
    } else inner += escaped(from);
  }
  if (inner === '') return negated ? '.' : '[^\\s\\S]';
  return `[${negated ? '^' : ''}${inner}]`;
}

function escaped(c: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(c) ? `\\${c}` : c;
}
