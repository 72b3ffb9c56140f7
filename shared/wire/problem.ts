// Every answer that is no success, as RFC 9457 has it.
import { type Static, Type } from 'typebox';
import { Int, Str } from './schema.ts';

/** RFC 9457. */
export const Problem = Type.Object({
  type: Str,
  title: Type.Optional(Str),
  status: Int,
  detail: Type.Optional(Str),
  /** Query errors: where in `q`. */
  position: Type.Optional(Int),
  /** Which part of the body is wrong: 'schedule.minute'. */
  field: Type.Optional(Str),
});
export type Problem = Static<typeof Problem>;
