// What a way of compressing has to offer.

/** Throws this when what comes out would be larger than allowed. */
export class TooLarge extends Error {}

export interface Engine {
  compressSync(body: Uint8Array): Uint8Array;
  /** @param limit what becomes larger is refused with TooLarge @unit bytes */
  decompressSync(body: Uint8Array, limit: number): Uint8Array;
  /** Off the event loop; none: it is run in a thread (thread.ts). */
  compress?(body: Uint8Array): Promise<Uint8Array>;
  decompress?(body: Uint8Array, limit: number): Promise<Uint8Array>;
}

/** Code of one kind, and the packages it wants, read when it is first named. @throws an error that says which package is missing */
export type LoadEngine = () => Promise<Engine>;

/** @param name no literal where it is imported: a bundler of an app leaves what may not be installed to Node */
export async function packageNamed<T>(name: string, otherwise: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`it wants the package ${name}, which is not installed: npm install ${name}${otherwise}`);
  }
}
