// What a page that is one list keeps while somebody looks at it: the cursor, the field of the filter, the box that scrolls, and whether
// the rows are being read. The rows themselves: use-list.ts. Drawing: listing.tsx.
import { type RefObject, useRef, useState } from 'react';

export interface ListView {
  /** The key of the line that the keyboard is on. */
  cursor: string | null;
  setCursor: (key: string | null) => void;
  /** Somebody reads: the rows keep their order. */
  isResting: boolean;
  isScrolled: boolean;
  input: RefObject<HTMLInputElement | null>;
  /** For the listing. */
  box: {
    scroller: RefObject<HTMLDivElement | null>;
    /** The pointer came to rest on the rows, or left them. */
    onRest: (resting: boolean) => void;
    onScrolled: (scrolled: boolean) => void;
  };
}

export function useListView(): ListView {
  const [cursor, setCursor] = useState<string | null>(null);
  const [isResting, onRest] = useState(false);
  const [isScrolled, onScrolled] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  return { cursor, setCursor, isResting, isScrolled, input, box: { scroller, onRest, onScrolled } };
}
