// Cursors of task lists: a place in an order as text, so that a page goes on where the last one ended.
// Holds: a text that is none of ours is refused, never guessed at.
import { BadCursor } from '../contract.ts';

/** A place in an order: the group (0: rows with a value), the keys of the row there, its id last. */
export type Place = readonly [group: number, ...keys: (string | number)[]];

export function encodeCursor(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws BadCursor */
export function decodeCursor(cursor: string): Place {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const plain =
      Array.isArray(value) &&
      value.length >= 2 &&
      value.length <= 5 &&
      value.every((v) => typeof v === 'number' || typeof v === 'string');
    if (plain && typeof value[0] === 'number' && typeof value.at(-1) === 'number') return value as unknown as Place;
  } catch {
    // Told below, like every other cursor that is not ours.
  }
  throw new BadCursor('The cursor is not one this server gave. Ask for the first page again.');
}
