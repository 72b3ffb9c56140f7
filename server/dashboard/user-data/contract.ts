// What people make and own, and nothing forgets: the views they have saved, their sessions and API tokens; alert rules; later failures somebody acknowledged.
// Not here: what happened (history/contract.ts), which retention deletes from; which store a URL opens (registry.ts). What each kind
// may hold is checked by its route.
// Holds, for every store (test/contract/user-data.ts): what was saved is there after a restart, whole or not at all; what cannot be
// saved rejects, so that nobody believes that it was; of one name there is one view.
import type { SavedView, ViewRequest } from '../../../shared/wire/views.ts';

/**
 * Sessions, API tokens, and the key that session cookies are signed with (../access/); rules of alerts, what was said of rules, who was
 * told of what, notices on their way, and the last ones (../alerts/); automations and what they did (../automations/).
 */
export type RecordKind =
  | ('session' | 'token' | 'key')
  | ('alert-rule' | 'alert-setting' | 'alert-told' | 'alert-waiting' | 'alert-delivery')
  | ('automation' | 'automation-act');
export interface KeptRecord {
  readonly id: string;
  /** As JSON has it. */
  readonly value: unknown;
}

export interface UserDataStore {
  /** Where it is, without secrets. */
  readonly description: string;
  /** By name. */
  views(): Promise<SavedView[]>;
  /**
   * In place of the one of this name, which keeps its id, its owner and when it was made; else new, with an id that none ever had.
   * @param now seconds since the epoch
   */
  saveView(view: Required<ViewRequest>, who: string, now: number): Promise<SavedView>;
  /** Everything of a kind, by id. */
  records(kind: RecordKind): Promise<KeptRecord[]>;
  /** In place of the one of this id. */
  putRecord(kind: RecordKind, record: KeptRecord): Promise<void>;
  /** @returns whether there was one */
  deleteRecord(kind: RecordKind, id: string): Promise<boolean>;
  /** @returns whether there was one */
  deleteView(id: number): Promise<boolean>;
  close(): Promise<void>;
}
