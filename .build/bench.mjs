// `npm run bench [-- name ...]`: runs test/bench/<name>.ts, each in a process of its own, each printing one JSON line per case.
import { existsSync, readdirSync } from 'node:fs';
import { build } from './build.mjs';
import { ROOT } from './entries.mjs';
import { node } from './run.mjs';

const folder = `${ROOT}test/bench`;
const all = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => name.slice(0, -3))
      .sort()
  : [];
const wanted = process.argv.slice(2).filter((name) => !name.startsWith('-'));
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no such bench: ${unknown.join(', ')}. There are: ${all.join(', ') || 'none yet'}\n`);
  process.exit(2);
}
await build();
for (const name of wanted.length > 0 ? wanted : all) {
  const code = await node(['--conditions=umbel-source', '--expose-gc', '--import', 'tsx', `${folder}/${name}.ts`]);
  if (code !== 0) process.exitCode = code;
}
