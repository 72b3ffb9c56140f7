// The traceback: one's own frames marked and open, a library's folded, an exception that led to another folded to its line.
// Reading the text: traceback.ts. Holds: no line of the text is lost; what is folded opens.

import { useMemo, useState } from 'react';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { CopyButton } from '../ui/button.tsx';
import { ForeignText, LongText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { visible } from '../ui/invisible.ts';
import { type Frame, packagesOf, type Raised, readTraceback, runsOf, shortPath } from './traceback.ts';
import './traceback-view.css';

/** @param of which try it is of, when not the last */
export function TracebackView({ text, of = null }: { text: string; of?: string | null }) {
  const { chain, before } = useMemo(() => readTraceback(text), [text]);
  const frames = chain.flatMap((one) => one.frames);
  const own = frames.filter((f) => f.own).length;
  return (
    <section className="traceback">
      <h3>
        {t('Traceback')} {of && <span>{of}</span>}{' '}
        {frames.length > 0 && (
          <span>
            {own === 1
              ? tn(frames.length, '1 of # frame is yours', '1 of # frames is yours')
              : tn(frames.length, '{own} of # frame are yours', '{own} of # frames are yours', { own })}
          </span>
        )}
        <CopyButton text={text} what={t('traceback')} />
      </h3>
      {chain.length === 0 ? (
        <pre className="plain-text code">
          <LongText text={text} />
        </pre>
      ) : (
        <ol className="trace code">
          {before !== '' && (
            <li className="raised">
              <pre>
                <LongText text={before} />
              </pre>
            </li>
          )}
          {chain.map((one, i) =>
            i < chain.length - 1 ? (
              <Cause key={`${one.last}${i}`} raised={one} />
            ) : (
              <Frames key={`${one.last}${i}`} raised={one} />
            ),
          )}
        </ol>
      )}
    </section>
  );
}

/** An exception that led to the next: its line and the sentence that joins them; its frames when asked for. */
function Cause({ raised }: { raised: Raised }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className="fold cause">
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'down' : 'right'} />
          <span className="clip">
            <ForeignText text={raised.last.split('\n', 1)[0]!.slice(0, 500)} />
          </span>
          <span className="frames">{tn(raised.frames.length, '# frame', '# frames')}</span>
        </button>
      </li>
      {open && <Frames raised={raised} />}
      {raised.joint !== '' && <li className="joint">{raised.joint}</li>}
    </>
  );
}

function Frames({ raised }: { raised: Raised }) {
  return (
    <>
      {runsOf(raised.frames).map((run, i) =>
        run.own ? (
          <OneFrame key={`${run.frame.file}${run.frame.line}${i}`} frame={run.frame} />
        ) : (
          <Fold key={`${run.frames[0]!.file}${i}`} frames={run.frames} />
        ),
      )}
      {raised.last !== '' && (
        <li className="raised">
          <pre>
            <LongText text={raised.last} />
          </pre>
        </li>
      )}
    </>
  );
}

function OneFrame({ frame }: { frame: Frame }) {
  const { dir, base } = shortPath(frame.file);
  return (
    <li className={frame.own ? 'app' : 'lib'}>
      <p>
        <span className="at" title={visible(`${frame.file}:${frame.line}`)}>
          <span className="dir">
            <ForeignText text={dir} />
          </span>
          <b>
            <ForeignText text={base} />
          </b>
          <span>:{frame.line}</span>
        </span>
        <span className="fn">
          <ForeignText text={frame.fn.replace(/^RunningTask\./, '')} />
        </span>
      </p>
      {frame.source && (
        <pre>
          <LongText text={frame.source} max={1000} />
        </pre>
      )}
      {frame.repeated && <p className="repeated">{frame.repeated}</p>}
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
          <span className="clip">
            {rich('{frames} in {packages}', {
              frames: tn(frames.length, '# frame', '# frames'),
              packages: <ForeignText text={packagesOf(frames)} />,
            })}
          </span>
        </button>
      </li>
      {open && frames.map((frame, i) => <OneFrame key={`${frame.file}${frame.line}${i}`} frame={frame} />)}
    </>
  );
}
