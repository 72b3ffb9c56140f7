// Where the pages are served from: the server writes <base href> for its URL prefix, everything else follows from it.

/** '/' or '/prefix/'. */
export const BASE_PATH = new URL('.', document.baseURI).pathname;

/** The name of this cluster, where there are several; null: it is the only one. */
export const CLUSTER: string | null = document.querySelector('meta[name="umbel-clusters"]')
  ? (/\/c\/([^/]+)\/$/.exec(BASE_PATH)?.[1] ?? null)
  : null;

/** The page of all of them. */
export const HOME_OF_ALL = BASE_PATH.replace(/c\/[^/]+\/$/, '');

/** The same place in another cluster: its tasks, its queues. What is behind a list is of one cluster. @param path of its first page */
export const clusterPlace = (path: string): string =>
  path + (location.pathname.slice(BASE_PATH.length).split('/')[0] ?? '');

export type Params = Record<string, string | number | boolean | undefined | null>;

export function apiUrl(path: string, params?: Params): string {
  const url = new URL(`api/v2/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  }
  return url.toString();
}

export function liveUrl(): string {
  return apiUrl('live').replace(/^http/, 'ws');
}
