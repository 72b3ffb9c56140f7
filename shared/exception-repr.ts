// The class and the words of an exception, out of the repr an event carries: Python's "KeyError('x')", JavaScript's "RangeError: x",
// also when its end was cut off.
// Holds: never throws; what it cannot read has no class and is all words.

export interface ExceptionParts {
  /** Without its module; '': not to be told. */
  readonly type: string;
  readonly message: string;
}

/** A class, perhaps with its module: the last part begins with a capital, or with an underscore and one. */
const CLASS = String.raw`(?:\w+\.)*_*[A-Z]\w*`;
const CALLED = /^((?:\w+\.)*[A-Za-z_]\w*)\((.*)\)$/s;
const SAID = new RegExp(`^<?(${CLASS})(?:: ?(.*))?$`, 's');
const CUT = /^([A-Za-z_][\w.]*)\((['"]?)(.*)$/s;
/** One text and nothing else: "'a', 'b'" are two. */
const QUOTED = /^(['"])((?:\\.|(?!\1)[^\\])*)\1$/s;

export function splitException(repr: string): ExceptionParts {
  const text = repr.trim();
  const called = CALLED.exec(text);
  if (called) {
    const inner = called[2]!.replace(/,$/, '');
    const quoted = QUOTED.exec(inner);
    return { type: lastPart(called[1]!), message: quoted ? quoted[2]!.replace(/\\(['"])/g, '$1') : inner };
  }
  const said = SAID.exec(text);
  if (said) return { type: lastPart(said[1]!), message: text.startsWith('<') ? unbracketed(said[2]) : (said[2] ?? '') };
  const cut = CUT.exec(text);
  return cut ? { type: lastPart(cut[1]!), message: cut[3]! } : { type: '', message: text };
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
const unbracketed = (text = ''): string => text.replace(/>$/, '');
