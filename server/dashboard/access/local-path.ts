// Where to go after signing in: a path of these pages, and never of another site.

/**
 * @param next as it came with the address  @param prefix '' or '/prefix'
 * @returns path and query below the prefix; its first page where `next` is anything else
 */
export function localPath(next: string | null | undefined, prefix: string): string {
  const home = `${prefix}/`;
  if (typeof next !== 'string' || next.length > 2000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(next)) return home;
  try {
    const url = new URL(next, 'http://here.invalid');
    const path = url.pathname + url.search;
    // As it is read, for '/../' and the like may lead elsewhere than they seem to.
    if (url.origin !== 'http://here.invalid' || !path.startsWith(home) || path.startsWith('//')) return home;
    if (/^\/(login|api)(\/|$|\?)/.test(path.slice(prefix.length))) return home;
    return path;
  } catch {
    return home;
  }
}
