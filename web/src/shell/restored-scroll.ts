// On the way back, and after a reload, a list stands where it was scrolled to: its rows come later than the router looks for them.
// Who remembers where: the router (scrollRestoration in router.tsx), by the mark that this gives what scrolls.
import { useElementScrollRestoration } from '@tanstack/react-router';
import { type RefObject, useLayoutEffect, useRef } from 'react';

const ID = 'rows';
/** For what scrolls. */
export const SCROLLS = { 'data-scroll-restoration-id': ID } as const;

/** @param isThere its rows have come */
export function useRestoredScroll(scroller: RefObject<HTMLElement | null>, isThere: boolean): void {
  const left = useElementScrollRestoration({ id: ID });
  const wanted = useRef(left?.scrollY ?? 0);
  useLayoutEffect(() => {
    if (!isThere || wanted.current === 0) return;
    scroller.current?.scrollTo({ top: wanted.current });
    wanted.current = 0;
  }, [scroller, isThere]);
}
