// A count that grows while one looks: it has room for the digits that come, so that what stands beside it does not move.
// Digits are of one width on all pages (styles/base.css).

/** Three digits, then what all longer counts need: '1,000', '12.4k', '999k'. @unit characters */
export const countRoom = (text: string): number => (text.length <= 3 ? 3 : Math.max(5, text.length));

export function SteadyCount({ text, title }: { text: string; title: string }) {
  return (
    <b className="steady" title={title} style={{ minWidth: `${countRoom(text)}ch` }}>
      {text}
    </b>
  );
}
