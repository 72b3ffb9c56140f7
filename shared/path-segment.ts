// A name as one segment of a path. Browsers take '.' and '..' for steps within the path, written as %2E too, so these two get a
// tilde in front: '~..'. Half of a surrogate pair, which no address can hold, becomes a tilde and its four digits, behind '~!'. Any other
// name stays as it is, to be percent-encoded as usual.
// Holds: fromSegment(toSegment(name)) is the name, for every name; what toSegment gives can be percent-encoded.

export function toSegment(name: string): string {
  if (/^~*\.\.?$/.test(name)) return `~${name}`;
  // With the flag u only halves that stand alone are found.
  if (!/^~!|[\ud800-\udfff]/u.test(name)) return name;
  return `~!${name.replace(/[~\ud800-\udfff]/gu, (c) => (c === '~' ? '~~' : `~${c.charCodeAt(0).toString(16)}`))}`;
}

export function fromSegment(segment: string): string {
  if (/^~+\.\.?$/.test(segment)) return segment.slice(1);
  if (!segment.startsWith('~!')) return segment;
  return segment
    .slice(2)
    .replace(/~(~|[0-9a-f]{4})/g, (_, code: string) =>
      code === '~' ? code : String.fromCharCode(Number.parseInt(code, 16)),
    );
}

/** A name as a segment, percent-encoded. */
export const encodeSegment = (name: string): string => encodeURIComponent(toSegment(name));

/** A text as a part of a query, percent-encoded: halves of surrogate pairs, which no address can hold, become U+FFFD. */
export const encodeText = (text: string): string => encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd'));
