// What failures are grouped by: the class of their exception. Reading a repr: shared/exception-repr.ts.
import { splitException } from '../../../shared/exception-repr.ts';

const MAX_MESSAGE = 300;

/** The class is 'unknown' where none can be read. */
export function failureOf(repr: string | null): { cls: string; message: string } {
  const { type, message } = splitException(repr ?? '');
  return { cls: type || 'unknown', message: message.slice(0, MAX_MESSAGE) };
}
