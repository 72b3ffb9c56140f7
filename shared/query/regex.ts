// The patterns of `name:/re/`: which are taken, and the one test both the page and the server use for them.
// Not here: where a pattern begins and ends in a query (lexer.ts).
// Holds: a pattern that is taken cannot hold a thread for long: no backreferences, no look-around, nothing repeated within a
// repetition, few open repetitions, and only the first MAX_TESTED characters are looked at.

const MAX_PATTERN = 200;
const MAX_OPEN_REPEATS = 3;
export const MAX_TESTED = 1000;

/** Why a pattern cannot be used; null when it can. */
export function checkRegex(source: string): string | null {
  if (source.length > MAX_PATTERN) return `it has ${source.length} characters, at most ${MAX_PATTERN} are taken.`;
  try {
    new RegExp(source, 'i');
  } catch (error) {
    return (error as Error).message.replace(/^Invalid regular expression: (?:\/.*\/[a-z]*: )?/, '').concat('.');
  }
  return checkCost(source);
}

/** The test of a pattern that `checkRegex` took: letter case is ignored, a match anywhere counts. */
export function compileRegex(source: string): (value: string) => boolean {
  const problem = checkRegex(source);
  if (problem !== null) throw new SyntaxError(`The pattern /${source}/ cannot be used: ${problem}`);
  const regex = new RegExp(source, 'i');
  return (value) => regex.test(value.length > MAX_TESTED ? value.slice(0, MAX_TESTED) : value);
}

/** One walk over a pattern that is known to be well formed. */
function checkCost(source: string): string | null {
  const groups: { heavy: boolean }[] = [{ heavy: false }];
  let closed: { heavy: boolean } | null = null;
  let openRepeats = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at);
    const group = groups.at(-1) as { heavy: boolean };
    const before: { heavy: boolean } | null = closed;
    closed = null;
    if (char === '\\') {
      if (/[1-9k]/.test(source.charAt(at + 1))) return 'it refers back to an earlier group.';
      at++;
    } else if (char === '[') {
      for (at++; source.charAt(at) !== ']'; at++) if (source.charAt(at) === '\\') at++;
    } else if (char === '(') {
      if (/^\?(?:[=!]|<[=!])/.test(source.slice(at + 1, at + 4))) return 'it looks ahead or behind.';
      groups.push({ heavy: false });
    } else if (char === ')') {
      closed = groups.pop() as { heavy: boolean };
      if (closed.heavy) (groups.at(-1) as { heavy: boolean }).heavy = true;
    } else if (char === '|') {
      // Alternatives matter only inside a repeated group: (a|ab)*.
      if (groups.length > 1) group.heavy = true;
    } else {
      const repeat = /^(?:[*+]|\{(\d+)(,(\d*))?\})/.exec(source.slice(at, at + 16));
      if (repeat === null) continue;
      if (before?.heavy) return 'it repeats a group that itself repeats or has alternatives.';
      const limit =
        repeat[1] === undefined || repeat[3] === '' ? Number.POSITIVE_INFINITY : Number(repeat[3] ?? repeat[1]);
      if (limit > 100 && ++openRepeats > MAX_OPEN_REPEATS)
        return `it has more than ${MAX_OPEN_REPEATS} open repetitions.`;
      group.heavy = true;
      at += repeat[0].length - 1;
    }
  }
  return null;
}
