// On to the sign-in page: when nobody is signed in any more, or when somebody signs out.

let isLeaving = false;

/** Every request that is on its way finds it out; the first leads away. The sign-in page leads back here. */
export function goToSignIn(): void {
  if (isLeaving) return;
  isLeaving = true;
  const next = `${location.pathname}${location.search}`;
  location.assign(new URL(`login?ended=1&next=${encodeURIComponent(next)}`, document.baseURI).toString());
}

/** @param end ends the session: what finds that out meanwhile is not told so. Rejects as `end` does */
export async function leave(end: () => Promise<unknown>): Promise<void> {
  isLeaving = true;
  try {
    await end();
    location.assign(new URL('login', document.baseURI).toString());
  } catch (error) {
    isLeaving = false;
    throw error;
  }
}
