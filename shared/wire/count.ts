// How sure a number is. Every count on the wire that may not be the whole truth carries one of these.
// Holds: a number that is not known at all is null, never 0.
import { type Static, Type } from 'typebox';

/** exact: counted to the end. at_least: counting stopped (a limit, a time budget, a part that could not be seen). about: estimated. */
export const Precision = Type.Union([Type.Literal('exact'), Type.Literal('at_least'), Type.Literal('about')]);
export type Precision = Static<typeof Precision>;

export const Count = Type.Object({ n: Type.Integer(), is: Precision });
export type Count = Static<typeof Count>;
