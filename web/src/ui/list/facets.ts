// What is chosen above a list, as it stands in the URL, and what one can keep of it, each with how many there are. Drawing:
// list-head.tsx, listing.tsx.

export interface FacetItem {
  id: string;
  label: string;
  /** Absent: nobody has counted. */
  n?: number;
  /** The name of an icon (ui/icon.tsx). */
  icon?: string;
  /** For the colour of its icon. */
  state?: string;
}

/** What is chosen above a list; it stands in the URL. */
export interface ListChoice<By extends string> {
  q: string;
  /** A facet; '': all. */
  show: string;
  by: By;
}

/** Empty choices leave the URL. */
export function withoutEmpty<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).map(([key, value]) => [key, value === '' ? undefined : value])) as T;
}
