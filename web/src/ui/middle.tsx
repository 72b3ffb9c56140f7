// A name that shortens in its middle: 'celery@web-079...internal' tells both where it belongs and which one it is.
// Names of tasks shorten at the front: task-name.tsx. The whole name is the text, and on hover.

/** Letters at the end that always stay. */
const TAIL = 10;
/** With so few letters before its end a name is one text, and shortens at its end if it must at all. */
const FEW = 4;

export function Middle({ text, tail = TAIL }: { text: string; tail?: number }) {
  if (text.length <= tail + FEW) return <span className="mid-short">{text}</span>;
  return (
    <span className="mid" title={text}>
      {/* Read as one word: two boxes beside each other are two words to a screen reader. */}
      <span className="sr">{text}</span>
      <span aria-hidden="true">{text.slice(0, -tail)}</span>
      <span aria-hidden="true">{text.slice(-tail)}</span>
    </span>
  );
}
