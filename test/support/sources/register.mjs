// Preloaded in every process of the tests (`--import .../register.mjs?made=<folder>`): `import` reads the sources as compile.ts made them.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const made = pathToFileURL(`${new URL(import.meta.url).searchParams.get('made')}/`).href;
register('./hooks.mjs', import.meta.url, { data: { root: new URL('../../../', import.meta.url).href, made } });
