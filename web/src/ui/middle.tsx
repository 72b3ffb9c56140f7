// A name that shortens in its middle: 'celery@web-079...internal' tells both where it belongs and which one it is.
// Names of tasks shorten at the front: task-name.tsx. The whole name is the text, and on hover.

/** Letters at the end that always stay. */
const TAIL = 10;
/** Up to so many letters a name is one text and shortens at its end, if it must at all. */
const SHORT = 24;

export function Middle({ text, tail = TAIL }: { text: string; tail?: number }) {
  if (text.length <= SHORT) return <span className="mid-short">{text}</span>;
  return (
    <span className="mid" title={text}>
      <span>{text.slice(0, -tail)}</span>
      <span>{text.slice(-tail)}</span>
    </span>
  );
}
