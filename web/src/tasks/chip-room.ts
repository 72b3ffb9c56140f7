// Which state chips have room in one line. Pure. Drawing: state-chips.tsx.
// Holds: All and every chosen state are always shown; the others keep their order, and the last of them fold.

const LETTER = 8;
const DIGIT = 7.5;
const GAP = 2;
/** Padding, icon and the gaps around it. */
const CHIP = 38;
const ALL = 12 + 3 * DIGIT + 4;
const MORE = 44;

/** A little more than the browser needs: a chip too many would wrap. @unit pixels */
export function chipWidth(state: string, digits: number): number {
  return CHIP + state.length * LETTER + digits * DIGIT + GAP;
}

/**
 * @param digits for how many each count has room, as `all` for the sum
 * @param width of the line; 0: not measured yet, all are shown
 */
export function fitChips(
  states: readonly string[],
  chosen: ReadonlySet<string>,
  digits: (state: string) => number,
  all: number,
  width: number,
): { shown: string[]; folded: string[] } {
  const size = (state: string) => chipWidth(state, digits(state));
  const whole = ALL + all * DIGIT + states.reduce((sum, state) => sum + size(state), 0);
  if (width <= 0 || whole <= width) return { shown: [...states], folded: [] };
  let left = width - ALL - all * DIGIT - MORE;
  for (const state of states) if (chosen.has(state)) left -= size(state);
  let full = false;
  const shown: string[] = [];
  const folded: string[] = [];
  for (const state of states) {
    if (chosen.has(state)) shown.push(state);
    else if (!full && size(state) <= left) {
      left -= size(state);
      shown.push(state);
    } else {
      // The first without room: what comes after it is less urgent, so it does not jump ahead.
      full = true;
      folded.push(state);
    }
  }
  return { shown, folded };
}
