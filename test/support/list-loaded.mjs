// Preloaded with --import: when the process ends, prints every file it loaded, ES module or CommonJS, as `loaded <path>`.
import Module, { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

const { port1, port2 } = new MessageChannel();
const seen = new Set();
port1.on('message', (url) => seen.add(url.split('?')[0]));
port1.unref();
const hooks = `
let port;
export async function initialize(data) { port = data.port; }
export async function load(url, context, next) { port.postMessage(url); return next(url, context); }
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: { port: port2 }, transferList: [port2] });

process.once('beforeExit', () => {
  setTimeout(() => {
    for (const url of seen) if (url.startsWith('file:')) console.log(`loaded ${fileURLToPath(url)}`);
    for (const path of Object.keys(Module._cache)) console.log(`loaded ${path}`);
  }, 50);
});
