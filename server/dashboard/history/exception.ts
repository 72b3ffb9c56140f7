// The class and the words of an exception, out of the repr an event carries. Failures are grouped by that class.
// Holds: never throws; what it cannot read is of the class 'unknown'.

/** "ValueError('no such order')" into its class and what it says. */
export function splitException(repr: string | null): { cls: string; message: string } {
  if (repr === null || repr === '') return { cls: 'unknown', message: '' };
  const match = /^<?([\w.]+)(?:\((.*)\)|: ?(.*))?/s.exec(repr);
  if (!match) return { cls: 'unknown', message: repr.slice(0, 300) };
  const cls = match[1]!.split('.').at(-1)!;
  let message = (match[2] ?? match[3] ?? '').replace(/,$/, '');
  const quoted = /^(['"])(.*)\1$/s.exec(message);
  if (quoted && !quoted[2]!.includes(`${quoted[1]}, `)) message = quoted[2]!;
  return { cls, message: message.slice(0, 300) };
}
