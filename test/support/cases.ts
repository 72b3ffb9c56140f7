// How many random cases a test tries. Each run draws others, so that many runs find what is rare; before a release one run tries them all.

/** @param all with UMBEL_LONG=1; a quarter of them without */
export function cases(all: number): number {
  return process.env['UMBEL_LONG'] ? all : Math.ceil(all / 4);
}
