// Drivers that are not installed for those who do not want them: loaded when a URL names their store.
// Holds: a missing one is an error that names the package and the command; their types are what the store needs of them.
import { ImproperlyConfigured, toError } from '../errors.ts';

/** @param name of the npm package; not written at the import, so that no bundler looks for it */
export async function optionalDriver<T>(name: string, what: string): Promise<T> {
  try {
    const loaded = (await import(name)) as T & { readonly default?: T };
    return loaded.default && typeof loaded.default === 'object' ? { ...loaded.default, ...loaded } : loaded;
  } catch (error) {
    const { code, message } = toError(error) as Error & { code?: string };
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new ImproperlyConfigured(
      `${what} needs the package ${name}, which is not installed here: npm install ${name.replace(/\/.*/, '')} (${message.split('\n')[0]})`,
      { cause: error },
    );
  }
}
