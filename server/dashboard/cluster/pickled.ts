// What Python's side wrote as pickles (messages, result records), for looking at.
// Holds: it is read as data, and nothing of it is run (serialization/pickle); it is never sent again (`wasPickled` there).
import { DecodeError } from '../../errors.ts';
import { decodePickle } from '../../serialization/pickle/reader.ts';

/** kombu: serialization.py register_pickle */
export const PICKLE = 'application/x-python-serialize';
/** Larger ones are not opened. @unit bytes */
const MAX_BYTES = 8 * 1024 * 1024;

/** @throws DecodeError */
export function readPickle(body: Uint8Array, most = MAX_BYTES): unknown {
  if (body.byteLength > most)
    throw new DecodeError(`A pickle of ${body.byteLength} bytes is not opened here: at most ${most} are`);
  return decodePickle(body);
}
