// A Python traceback as frames, one's own told from a library's. Pure. Drawing: traceback-view.tsx.
// Holds: text that is no traceback gives no frames, and is shown as it is.

export interface Frame {
  file: string;
  line: number;
  fn: string;
  source: string;
  own: boolean;
}

export interface Traceback {
  frames: Frame[];
  /** What stands after the frames: 'ValueError: x'. */
  last: string;
}

const FRAME = /^\s*File "([^"]+)", line (\d+)(?:, in (.+))?$/;
const LIBRARY =
  /(?:^|\/)(?:site-packages|dist-packages|node_modules)\/|(?:^|\/)umbel\/dist\/|^\/usr\/lib\/|\/lib\/python\d|^node:|^<frozen|(?:^|\/)(?:celery|kombu|billiard)\/(?:app|worker|utils|pool)\b/;
const OURS = /\/(?:server\/\w+\/[\w-]+\.ts|dist\/chunk-[\w-]+\.js)$/;
/** The frame that runs every task body, from the sources or as built: it tells where this product lies when not in node_modules. */
const TRACER = /^(.*\/)(?:server\/app\/trace\.ts|dist\/chunk-[\w-]+\.js)$/;

function libraryOf(frames: readonly Pick<Frame, 'file' | 'fn'>[]): (file: string) => boolean {
  const roots = frames.flatMap(({ file, fn }) => (/\btraceTask$/.test(fn) ? (TRACER.exec(file)?.[1] ?? []) : []));
  const rooms = roots.flatMap((root) => [`${root}server/`, `${root}shared/`, `${root}dist/`]);
  return (file) => LIBRARY.test(file) || rooms.some((room) => file.startsWith(room));
}

export function readTraceback(text: string): Traceback {
  const frames: Frame[] = [];
  const rest: string[] = [];
  for (const line of text.split('\n')) {
    const match = FRAME.exec(line);
    if (match) {
      frames.push({ file: match[1]!, line: Number(match[2]), fn: match[3] ?? '', source: '', own: true });
      rest.length = 0;
      continue;
    }
    const frame = frames.at(-1);
    if (frame && frame.source === '' && rest.length === 0 && /^\s{4}\S/.test(line)) frame.source = line.trim();
    else if (frame && /^\s+[\^~]+\s*$/.test(line)) continue;
    else if (line.trim() !== '' && !line.startsWith('Traceback (most recent')) rest.push(line);
  }
  const isLibrary = libraryOf(frames);
  for (const frame of frames) frame.own = !isLibrary(frame.file);
  return { frames, last: rest.join('\n').trim() };
}

export type Run = { own: true; frame: Frame } | { own: false; frames: Frame[] };

/** Own frames one by one, a library's frames in runs that fold. The last frame of all is always shown. */
export function runsOf(frames: readonly Frame[]): Run[] {
  const runs: Run[] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (frame.own) runs.push({ own: true, frame });
    else if (last && !last.own) last.frames.push(frame);
    else runs.push({ own: false, frames: [frame] });
  }
  return runs;
}

/** '/usr/.../site-packages/requests/adapters.py' is 'requests/adapters.py'; one's own keep the last three parts. */
export function shortPath(file: string): { dir: string; base: string } {
  const cut = file.replace(/^.*\/(?:site-packages|dist-packages|node_modules)\//, '');
  const parts = cut
    .replace(/^file:\/\//, '')
    .split('/')
    .filter(Boolean);
  const base = parts.pop() ?? cut;
  const dir = parts.slice(-3).join('/');
  return { dir: dir ? `${dir}/` : '', base };
}

/** 'requests, urllib3': the packages of folded frames. */
export function packagesOf(frames: readonly Frame[]): string {
  const names = frames.map((f) =>
    /(?:site-packages|dist-packages|node_modules)\//.test(f.file) || !OURS.test(f.file)
      ? shortPath(f.file).dir.split('/')[0] || shortPath(f.file).base
      : 'umbel',
  );
  return [...new Set(names)].slice(0, 3).join(', ');
}
