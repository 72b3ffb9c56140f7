// The laws of the house (docs/architecture.md): which way imports run, what a client loads, how long a file may get.
// A test here that fails names the import or the file; either the code moves to a better room, or the plan is changed with a reason.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { textsOf } from './support/house-texts.ts';
import { isHeavy, loadedBy } from './support/loaded.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Bottom to top. Rooms of one floor do not know one another. */
const FLOORS: readonly (readonly string[])[] = [
  ['shared'],
  [
    'server/errors',
    'server/log',
    'server/log-sink',
    'server/log-format',
    'server/log-adopt',
    'server/timer',
    'server/signals',
    'server/nodename',
    'server/setting',
    'server/embedded-db',
    'server/db-backup',
    'server/file-lock',
    'server/journal',
    'server/own-thread',
    'server/native-gate',
  ],
  ['server/serialization'],
  ['server/transport', 'server/protocol'],
  ['server/messaging'],
  ['server/backends', 'server/events', 'server/control'],
  ['server/results', 'server/schedules'],
  ['server/canvas'],
  ['server/app'],
  ['server/pool', 'server/beat', 'server/dashboard', 'server/index'],
  ['server/worker'],
  ['server/cli', 'server/testing'],
];
const GROUND = FLOORS[1]!;

/** The same under web/src. Files of its top folder are rooms of their own. */
const WEB_FLOORS: readonly (readonly string[])[] = [
  ['language'],
  ['api'],
  ['live'],
  ['ui'],
  ['charts', 'operations'],
  ['shell'],
  ['tasks', 'audit', 'broker', 'access', 'schedules', 'sign-in', 'clusters', 'alerts'],
  ['workers', 'workflows'],
  ['queues'],
  ['overview'],
  ['pages'],
  ['router'],
  ['main'],
];

/** Imports that break the order on purpose. Each needs its reason. */
const EXCEPTIONS = new Map<string, string>([
  [
    'server/protocol -> server/transport/message.ts',
    'a task message is read out of a delivery; only the shape is needed, no transport is loaded',
  ],
]);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const sources = ['server', 'shared', 'web/src', 'web/vite.config.ts', 'examples', 'test'].flatMap((path) =>
  existsSync(ROOT + path) ? walk(path) : [],
);
const product = sources.filter((path) => /^(server|shared|web)\//.test(path));
const imports = product.flatMap(importsOf);

function walk(path: string): string[] {
  if (!statSync(ROOT + path).isDirectory()) return [path];
  return readdirSync(ROOT + path)
    .filter((name) => name !== 'node_modules' && name !== 'golden')
    .flatMap((name) => walk(`${path}/${name}`))
    .filter((file) => /\.(ts|tsx|mjs|css)$/.test(file));
}

function importsOf(from: string): Import[] {
  if (!/\.tsx?$/.test(from)) return [];
  const text = readFileSync(ROOT + from, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const pattern =
    /(?:^|[;\n])\s*(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g;
  return [...text.matchAll(pattern)].map((match) => {
    const name = match[2] ?? match[3]!;
    const to = name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(from), name)) : name;
    return { from, to, typeOnly: match[1] !== undefined };
  });
}

const isLocal = (path: string) => /^(server|shared|web)\//.test(path);

/** 'server/worker/consumer/tasks.ts' -> 'server/worker'; ground files are rooms of their own on one shared floor. */
function roomOf(path: string): string {
  if (path.startsWith('shared/')) return 'shared';
  if (path.startsWith('web/')) return 'web';
  const [, second = ''] = path.split('/');
  return `server/${second.replace(/\.ts$/, '')}`;
}

const floorOf = (room: string) => FLOORS.findIndex((floor) => floor.includes(room));

describe('the floors', () => {
  it('every file of the server lives in a room with a floor', () => {
    const homeless = product.filter((path) => path.startsWith('server/') && floorOf(roomOf(path)) < 0);
    expect(homeless).toEqual([]);
  });

  it('imports run only downward', () => {
    const upward = imports
      .filter(({ from, to }) => from.startsWith('server/') && isLocal(to))
      .filter(({ from, to }) => {
        const [a, b] = [roomOf(from), roomOf(to)];
        if (a === b || floorOf(b) < floorOf(a)) return false;
        if (GROUND.includes(a) && GROUND.includes(b)) return false;
        return !EXCEPTIONS.has(`${a} -> ${b}`) && !EXCEPTIONS.has(`${a} -> ${to}`);
      });
    expect(upward.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('so they do in the pages', () => {
    const room = (path: string) => path.split('/')[2]!.replace(/\.tsx?$/, '');
    const floor = (name: string) => WEB_FLOORS.findIndex((rooms) => rooms.includes(name));
    const pages = product.filter((path) => /^web\/src\/.*\.tsx?$/.test(path));
    const upward = imports
      .filter(({ from, to }) => pages.includes(from) && to.startsWith('web/src/') && /\.tsx?$/.test(to))
      .filter(({ from, to }) => room(from) !== room(to) && floor(room(to)) >= floor(room(from)));

    expect(pages.filter((path) => floor(room(path)) < 0)).toEqual([]);
    expect(upward.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  // Shapes that name each other within one room are one conversation; files that need each other to be loaded are a knot.
  it('there is no ring of files: none needs another that needs it', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports)
      if (isLocal(to) && !typeOnly) graph.set(from, [...(graph.get(from) ?? []), to]);
    expect(ringsOf(graph)).toEqual([]);
  });

  it('the dashboard knows SQL in folders of its own only, which are opened through their registries', () => {
    const isSql = (path: string) => /^server\/dashboard\/.*\/sqlite\//.test(path);
    const past = imports.filter(
      ({ from, to }) =>
        from.startsWith('server/dashboard/') &&
        !isSql(from) &&
        ((isSql(to) && !from.endsWith('/registry.ts')) || to === 'server/embedded-db.ts'),
    );
    expect(past.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
    expect(product.some(isSql)).toBe(true);
  });

  it('who only asks of a cluster takes its view, never the cluster itself', () => {
    const asking = /^server\/dashboard\/(attention|live|metrics|operations|routes|views|waiting)\//;
    const past = imports.filter(({ from, to }) => asking.test(from) && to === 'server/dashboard/cluster/cluster.ts');
    expect(past.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
    expect(imports.some(({ from, to }) => asking.test(from) && to === 'server/dashboard/cluster/view.ts')).toBe(true);
  });

  // What Node failed to load once, for want of a file descriptor or since the package was replaced meanwhile, it never loads again: a
  // program that stays loads what it will need at its start.
  it('nothing is loaded late but by a registry, which is asked at the start, by the command line, and what users name', () => {
    const late = /\/registry\.ts$|^server\/(cli|serialization)\/|^server\/app\/load\.ts$/;
    const found = product
      .filter((path) => path.startsWith('server/') && !late.test(path))
      .filter((path) => /(?<!typeof )\bimport\('/.test(readFileSync(ROOT + path, 'utf8')));
    expect(found).toEqual([]);
  });

  it('web and server meet only in shared', () => {
    const across = imports.filter(
      ({ from, to }) =>
        (from.startsWith('web/src/') && (to.startsWith('server/') || to.startsWith('node:'))) ||
        (from.startsWith('server/') && to.startsWith('web/')),
    );
    expect(across.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('shared imports nothing but shared and the schema builder', () => {
    const impure = imports.filter(
      ({ from, to }) => from.startsWith('shared/') && !to.startsWith('shared/') && to !== 'typebox',
    );
    expect(impure.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it.each([
    ['server/index.ts', /^server\/(worker|pool|beat|dashboard|cli)\//],
    ['server/dashboard/dashboard.ts', /^server\/(worker|pool|beat|cli)\//],
    ['server/worker/worker.ts', /^server\/(dashboard|cli)\//],
    ['server/beat/beat.ts', /^server\/(worker|pool|dashboard|cli)\//],
  ])('from %s one does not reach %s', (entry, forbidden) => {
    const reached = [...reachable(entry)].filter((path) => forbidden.test(path));
    expect(reached).toEqual([]);
  });
});

describe('the files', () => {
  it('none is past 450 lines without a reason stated in its head ("Long because ...")', () => {
    const long = sources
      .map((path) => ({ path, lines: readFileSync(ROOT + path, 'utf8').split('\n') }))
      .filter(({ lines }) => lines.length > 451 && !/\bLong because\b/.test(lines.slice(0, 20).join('\n')));
    expect(long.map(({ path, lines }) => `${path}: ${lines.length - 1} lines`)).toEqual([]);
  });

  it('none is a drawer for everything', () => {
    const drawers = [...product, ...sources.filter((path) => path.startsWith('test/'))].filter((path) =>
      /\/(utils?|helpers?|misc|common|types|interfaces)(\/|\.tsx?$)/.test(path),
    );
    expect(drawers).toEqual([]);
  });

  it('no sign names a file that is not there', () => {
    const wrong = sources
      .filter((path) => !path.startsWith('test/golden'))
      .flatMap((path) => {
        const head = /^(?:#!.*\n)?((?:\s*\/\/.*\n)+)/.exec(readFileSync(ROOT + path, 'utf8'))?.[1] ?? '';
        const names = head.match(/(?<![\w./-])(?:\.{1,2}\/)*[\w-]+(?:[./][\w-]+)*\.(?:tsx?|mjs|css)\b/g) ?? [];
        return names.filter((name) => !isThere(name, path)).map((name) => `${path}: ${name}`);
      });
    expect(wrong).toEqual([]);
  });

  it('each has a door sign: a comment as its first words', () => {
    const bare = product.filter((path) => {
      const head = readFileSync(ROOT + path, 'utf8').replace(/^#!.*\n/, '');
      return !/^\s*(\/\/|\/\*)/.test(head);
    });
    expect(bare).toEqual([]);
  });
});

/** A file that a comment names, as the one who wrote it may mean it: beside, in a room above, or from the root. */
function isThere(name: string, from: string): boolean {
  if (/^(proj|tasks|app)\.(ts|mjs)$|\.d\.ts$/.test(name)) return true;
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    if (existsSync(ROOT + join(folder, name))) return true;
    if (folder === '.') break;
  }
  return sources.some((path) => path.endsWith(`/${name.replace(/^(\.\.?\/)+/, '')}`));
}

/** Words of our own for what the field has a name for. What they were called by: CONTRIBUTING.md, Words. */
const PRIVATE_WORDS =
  'untold|mute|isMute|mend|MOST|LEAST|SELDOM|OFTEN|HOLDINGS|TOLD_FOR|noteTold|hungry|hope|hopeAll|hopeful|worthClaiming|' +
  'payDebts|owes|Owed|DEBTS_MS|startKeeping|giveBack|partingWords|honestly|WORD_MS|isWordDue|USUAL_BUCKETS|wordOf|kin|lone|' +
  'usualRate|setTold|roughly|Belongs|told|toldAt|Told|TOLD|deaf|isDeaf|kid|kids|usual|Usual|Taken|Hear|heardBy|Ear|MANY|SLICE|KEPT|SHOWN|' +
  'FRESH|Finish|lastWords|ear|tell|tellError|said_|saidMs|saying|giveBackSession|armSweep|lookAtHolder';
/** Nor as a part of a longer name: `toldOf`, `isMute`. */
const PRIVATE_PARTS = new Set([
  'told',
  'untold',
  'mute',
  'muted',
  'deaf',
  'hungry',
  'parting',
  'mend',
  'mended',
  'debts',
]);
/** 'UNTOLD_FOR' and 'lastToldMs' by their parts. */
const partsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_');

/** Code without what is written for people: comments, texts, patterns. */
function identifiersOf(path: string): Set<string> {
  const code = readFileSync(ROOT + path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, '')
    .replace(/`(?:\\.|[^`\\])*`/g, (text) => [...text.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(' '));
  return new Set(
    code.match(/(?<=(?:const|let|function|class|interface|type|get)\s+|[#.(,{]\s*|^\s+)[A-Za-z_]\w*/gm) ?? [],
  );
}

describe('the names', () => {
  it('are the words of the field, not our own', () => {
    const ours = new RegExp(`^(?:${PRIVATE_WORDS})$`);
    const isOurs = (name: string) => ours.test(name) || partsOf(name).some((part) => PRIVATE_PARTS.has(part));
    const found = sources
      .filter((path) => /\.tsx?$/.test(path))
      .flatMap((path) => [...identifiersOf(path)].filter(isOurs).map((name) => `${path}: ${name}`));
    expect(found).toEqual([]);
  });

  // Types are left out: one may be exported for what its users infer; so are the registries' doors, which other packages join by.
  it('that are exported are used by another file; what only tests use is there for itself, too', () => {
    const words = new Map(sources.map((path) => [path, readFileSync(ROOT + path, 'utf8')]));
    const users = new Map<string, Set<string>>();
    for (const [path, text] of words)
      for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g)))
        users.set(word, (users.get(word) ?? new Set()).add(path));
    const unused = product.flatMap((path) =>
      [...words.get(path)!.matchAll(/^export (?:async |abstract )*(?:function\*?|const|let|class|enum) (\w+)/gm)]
        .map((match) => match[1]!)

        .filter((name) => users.get(name)!.size === 1 && !/^register[A-Z]/.test(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unused).toEqual([]);
  });
});

describe('the texts of the pages', async () => {
  const pages = product.filter((path) => /^web\/src\/.*\.tsx?$/.test(path) && !path.startsWith('web/src/language/'));
  const found = pages.map((path) => ({ path, ...textsOf(ROOT, path) }));
  const asked = new Map(found.flatMap(({ asked: texts }) => texts.map(({ text, where }) => [text, where])));
  const folders = readdirSync(`${ROOT}web/src/language/zh`).filter(
    (name) => !/^(index|crontab|figures|sentences)\.ts$/.test(name),
  );
  const chinese = (
    await Promise.all(
      folders.map(async (name) => {
        const parts = Object.values((await import(`../web/src/language/zh/${name}`)) as Record<string, object>);
        return parts
          .flatMap((part) => Object.entries(part as Record<string, string>))
          .map(([text, words]) => ({ name, text, words }));
      }),
    )
  ).flat();
  const ofPages = chinese.filter(({ name }) => !name.startsWith('server'));

  it('none stands outside of the catalogue (how a text gets in: web/src/language/language.ts)', () => {
    expect(found.flatMap(({ outside }) => outside.map(({ where, text }) => `${where}: ${text}`))).toEqual([]);
  });

  it('each that is asked for has its Chinese, and each Chinese is asked for', async () => {
    const { texts } = await import('../web/src/language/zh/index.ts');
    expect(
      [...asked].filter(([text]) => !Object.hasOwn(texts, text)).map(([text, where]) => `${where}: ${text}`),
    ).toEqual([]);
    expect(ofPages.filter(({ text }) => !asked.has(text)).map(({ name, text }) => `zh/${name}: ${text}`)).toEqual([]);
  });

  it('no text has two Chinese ones, and a Chinese one has the places of its English', () => {
    const places = (text: string) => [...new Set(text.match(/\{\w+\}|<\/?\w+>|#/g))].sort().join(' ');
    const byText = new Map(ofPages.map(({ text, words }) => [text, words]));
    expect(
      ofPages.filter(({ text, words }) => byText.get(text) !== words).map(({ name, text }) => `zh/${name}: ${text}`),
    ).toEqual([]);
    expect(
      chinese
        .filter(({ text, words }) => places(text) !== places(words))
        .map(({ name, text, words }) => `zh/${name}: ${text}: ${words}`),
    ).toEqual([]);
  });
});

describe('a fresh process that imports umbel', () => {
  it.runIf(existsSync(`${ROOT}server/index.ts`))('loads the client and nothing else', () => {
    const loaded = loadedBy("import 'umbel'", ROOT, ['--conditions=umbel-source', '--import', 'tsx']);
    expect(loaded.some((path) => path.endsWith('server/app/celery.ts'))).toBe(true);
    expect(loaded.filter(isHeavy)).toEqual([]);
  });
});

function reachable(entry: string): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { from, to } of imports) if (from === path && isLocal(to)) visit(to);
  };
  visit(entry);
  return seen;
}

/** Each ring once, as 'a.ts > b.ts > a.ts'. */
function ringsOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const rings: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const at = path.indexOf(file);
    if (at >= 0) {
      rings.push([...path.slice(at), file].join(' > '));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return rings;
}
