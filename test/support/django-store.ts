// A Python with Django on databases of given addresses, for those that read and write Django's tables beside us.
import { fileURLToPath } from 'node:url';
import { parseUrl } from '../../server/transport/url.ts';
import { type PythonStore, pythonStore } from './python-store.ts';

/**
 * @param databases by Django's name of each; `engine` is the last part of its module's name
 * @param setup arguments of django_store.setup, as Python writes them
 */
export async function djangoStore(
  databases: readonly { readonly name: string; readonly engine: string; readonly url: string }[],
  setup = '',
): Promise<PythonStore> {
  const settings = databases.map(({ name, engine, url }) => {
    const { host, port, username, password, path } = parseUrl(url);
    const of = {
      ...{ ENGINE: `django.db.backends.${engine}`, NAME: path, HOST: host, PORT: port ?? '' },
      ...{ USER: username ?? '', PASSWORD: password ?? '' },
    };
    return [name, of] as const;
  });
  const path = fileURLToPath(new URL('.', import.meta.url));
  const python = await pythonStore({
    DJANGO_DATABASES: JSON.stringify(Object.fromEntries(settings)),
    PYTHONPATH: path,
  });
  await python.run(`import django_store; django_store.setup(${setup})`);
  return python;
}
