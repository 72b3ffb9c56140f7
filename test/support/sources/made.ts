// What earlier runs made of the sources, by a hash of all that it was made from: a run copies it and makes only the rest. Who asks: compile.ts.
// Holds: what is taken is whole, whoever else writes or clears at the same time.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Some versions of every file; past it all is made anew. */
const MAX_ENTRIES = 5000;

export class Made {
  readonly #folder: string;
  readonly #basis: string;

  /** @param basis texts that all of it depends on */
  constructor(folder: string, basis: readonly string[]) {
    this.#folder = folder;
    this.#basis = sha1(basis);
    mkdirSync(folder, { recursive: true });
    if (readdirSync(folder).length > MAX_ENTRIES) rmSync(folder, { recursive: true, force: true });
  }

  keyOf(...from: string[]): string {
    return sha1([this.#basis, ...from]);
  }

  /** A file, or a folder with all in it. @returns whether it was there */
  take(key: string, target: string): boolean {
    try {
      cpSync(join(this.#folder, key), target, { recursive: true });
      return true;
    } catch {
      return false;
    }
  }

  keep(key: string, made: string): void {
    const own = join(this.#folder, `${key}-${process.pid}`);
    try {
      cpSync(made, own, { recursive: true });
      renameSync(own, join(this.#folder, key));
    } catch {
      // Another run has kept the same, or clears the folder.
      rmSync(own, { recursive: true, force: true });
    }
  }
}

function sha1(texts: readonly string[]): string {
  const hash = createHash('sha1');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex');
}
