// Words that change in place are new words: at the right edge of a column nothing counts as moved then.

export function Fresh({ text }: { text: string }) {
  return <span key={text}>{text}</span>;
}
