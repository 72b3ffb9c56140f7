// The words that the schemas of /api/v2 are made of. Each subject has a file: schema for the server (validation, OpenAPI), type for the
// pages, which import types only. Field names are Celery's, snake_case; instants are seconds since the epoch (fractions kept),
// durations seconds. WebSocket frames: live.ts.
import { type TSchema, Type } from 'typebox';

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Str = Type.String();
export const Num = Type.Number();
export const Int = Type.Integer();
export const Bool = Type.Boolean();
export const NStr = Nullable(Str);
export const NNum = Nullable(Num);
export const NInt = Nullable(Int);
export const NBool = Nullable(Bool);
