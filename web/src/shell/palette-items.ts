// Which entries of the palette fit what was typed, best first. Drawing and actions: command-palette.tsx.
/** Begins with > a word begins with > contains > letters in order; the shorter first. 0 is no fit. */
export function closeness(label: string, typed: string): number {
  const text = label.toLowerCase();
  const wanted = typed.toLowerCase();
  if (wanted === '') return 1;
  const length = 1 - Math.min(label.length, 100) / 101;
  if (text.startsWith(wanted)) return 4 + length;
  const at = text.indexOf(wanted);
  if (at > 0 && /[\s._@-]/.test(text[at - 1]!)) return 3 + length;
  if (at > 0) return 2 + length;
  let from = 0;
  for (const letter of wanted) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return wanted.length > 1 ? length : 0;
}

export function rank<T extends { label: string }>(items: readonly T[], typed: string): T[] {
  return items
    .map((item, i) => ({ item, i, score: closeness(item.label, typed) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.i - b.i)
    .map(({ item }) => item);
}
