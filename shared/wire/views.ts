// Saved views on the wire: what somebody looked at in the task list and gave a name. Everybody sees all of them.
import { type Static, Type } from 'typebox';
import { Int, Num, Str } from './schema.ts';

/** What the address of the task list says: query, states, order and hidden columns; absent: as the list is by itself. */
const ViewSearch = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 16_384 })),
  /** 'FAILURE,RETRY' */
  state: Type.Optional(Type.String({ maxLength: 1024 })),
  /** As of GET /tasks. */
  sort: Type.Optional(Type.String({ maxLength: 100 })),
  /** Columns that are hidden, with commas between them. */
  hide: Type.Optional(Type.String({ maxLength: 1024 })),
});
export type ViewSearch = Static<typeof ViewSearch>;

/** Saves it, or, where there is one of this name, puts this in its place. */
export const ViewRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }),
    search: ViewSearch,
  },
  { title: 'view' },
);
export type ViewRequest = Static<typeof ViewRequest>;

export const SavedView = Type.Object({
  id: Int,
  name: Str,
  search: ViewSearch,
  /** Who made it: user name, or 'anonymous' on loopback without authentication. */
  owner: Str,
  created: Num,
  changed: Num,
});
export type SavedView = Static<typeof SavedView>;

/** By name. */
export const ViewsReply = Type.Object({ items: Type.Array(SavedView) });
export type ViewsReply = Static<typeof ViewsReply>;

export const ViewDeleted = Type.Object({ id: Int });
export type ViewDeleted = Static<typeof ViewDeleted>;
