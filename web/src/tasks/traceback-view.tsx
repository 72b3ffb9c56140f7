// The traceback: one's own frames marked and open, a library's folded.
import { useMemo, useState } from 'react';
import { CopyButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { plural } from '../ui/words.ts';
import { type Frame, packagesOf, readTraceback, runsOf, shortPath } from './traceback.ts';

/** @param of which try it is of, when not the last */
export function TracebackView({ text, of = null }: { text: string; of?: string | null }) {
  const { frames, last } = useMemo(() => readTraceback(text), [text]);
  const own = frames.filter((f) => f.own).length;
  const runs = runsOf(frames);
  return (
    <section>
      <h3>
        Traceback {of && <span>{of}</span>}{' '}
        {frames.length > 0 && (
          <span>
            {own} of {plural(frames.length, 'frame')} {own === 1 ? 'is' : 'are'} yours
          </span>
        )}
        <CopyButton text={text} what="traceback" />
      </h3>
      {frames.length === 0 ? (
        <pre className="plain-text code">{text}</pre>
      ) : (
        <ol className="trace code">
          {runs.map((run, i) =>
            run.own ? (
              <OneFrame key={`${run.frame.file}${run.frame.line}${i}`} frame={run.frame} />
            ) : (
              <Fold key={`${run.frames[0]!.file}${i}`} frames={run.frames} />
            ),
          )}
          {last && (
            <li className="raised">
              <pre>{last}</pre>
            </li>
          )}
        </ol>
      )}
    </section>
  );
}

function OneFrame({ frame }: { frame: Frame }) {
  const { dir, base } = shortPath(frame.file);
  return (
    <li className={frame.own ? 'app' : 'lib'}>
      <p>
        <span className="at clip" title={`${frame.file}:${frame.line}`}>
          {dir}
          <b>{base}</b>:{frame.line}
        </span>
        <span className="fn">{frame.fn.replace(/^RunningTask\./, '')}</span>
      </p>
      {frame.source && <pre title={frame.source}>{frame.source}</pre>}
    </li>
  );
}

function Fold({ frames }: { frames: readonly Frame[] }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className="fold">
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'down' : 'right'} />
          {plural(frames.length, 'frame')} in {packagesOf(frames)}
        </button>
      </li>
      {open && frames.map((frame, i) => <OneFrame key={`${frame.file}${frame.line}${i}`} frame={frame} />)}
    </>
  );
}
