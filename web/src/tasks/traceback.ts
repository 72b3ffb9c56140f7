// A Python traceback as frames, the application's apart from a library's. Pure. Drawing: traceback-view.tsx.
// Holds: text that is no traceback gives no frames, and is shown as it is.

export interface Frame {
  file: string;
  line: number;
  fn: string;
  /** The lines of source below it, without their common indentation. */
  source: string;
  /** '[Previous line repeated 976 more times]', when Python folded a recursion here. */
  repeated: string;
  own: boolean;
}

/** One exception of a chain: its frames, and what stands after them. */
export interface Raised {
  frames: Frame[];
  /** 'ValueError: x', with further lines and notes; '' when the text ends before it. */
  last: string;
  /** 'The above exception was the direct cause ...': the line that joins it to the next; '' for the last. */
  joint: string;
}

export interface Traceback {
  /** In Python's order: what was raised in the end is the last. Empty: this is no traceback. */
  chain: Raised[];
  /** What stands before the first of them. */
  before: string;
}

const FRAME = /^\s*File "([^"]+)", line (\d+)(?:, in (.+))?$/;
const HEAD = /^Traceback \(most recent call last\):\s*$/;
const JOINT =
  /^(?:The above exception was the direct cause of|During handling of the above exception, another exception occurred)/;
const REPEATED = /^\s*\[Previous line repeated \d+ more times?\]\s*$/;
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
  const chain: Raised[] = [];
  const before: string[] = [];
  /** The exception being read, and whether its frames or what follows them. */
  let raised = null as Raised | null;
  let inFrames = true;
  let rest: string[] = [];
  let source: string[] = [];
  const endFrame = () => {
    const frame = raised?.frames.at(-1);
    if (frame && source.length > 0) frame.source = unindented(source);
    source = [];
  };
  const endRaised = () => {
    endFrame();
    if (raised) raised.last = rest.join('\n').trim();
    rest = [];
  };
  const begin = () => {
    endRaised();
    raised = { frames: [], last: '', joint: '' };
    chain.push(raised);
    inFrames = true;
  };
  for (const line of text.split('\n')) {
    if (HEAD.test(line)) {
      begin();
      continue;
    }
    const match = FRAME.exec(line);
    // Once its message has begun, a line like a frame is part of the message.
    if (match && (!raised || inFrames)) {
      if (!raised) begin();
      endFrame();
      const [, file, number, fn] = match;
      raised!.frames.push({ file: file!, line: Number(number), fn: fn ?? '', source: '', repeated: '', own: true });
      continue;
    }
    if (!raised) {
      before.push(line);
      continue;
    }
    const frame = raised.frames.at(-1);
    if (inFrames && frame && REPEATED.test(line)) {
      frame.repeated = line.trim();
      continue;
    }
    if (inFrames && frame && /^\s{4}/.test(line)) {
      source.push(line);
      continue;
    }
    if (JOINT.test(line)) {
      raised.joint = line.trim();
      continue;
    }
    if (line.trim() !== '') inFrames = false;
    if (!inFrames && raised.joint === '') rest.push(line);
  }
  endRaised();
  const read = chain.filter((one) => one.frames.length > 0 || one.last !== '');
  if (read.every((one) => one.frames.length === 0)) return { chain: [], before: text };
  const isLibrary = libraryOf(read.flatMap((one) => one.frames));
  for (const one of read) for (const frame of one.frames) frame.own = !isLibrary(frame.file);
  return { chain: read, before: before.join('\n').trim() };
}

/** The indentation of the first line goes from all, so that carets stay below what they mark. */
function unindented(lines: readonly string[]): string {
  const indent = /^\s*/.exec(lines[0]!)![0].length;
  return lines
    .map((line) => (/^\s*$/.test(line.slice(0, indent)) ? line.slice(indent) : line.trimStart()))
    .join('\n')
    .trimEnd();
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
