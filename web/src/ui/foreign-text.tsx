// A text that came from a task, a worker or a client: what hides in it is shown, it cannot turn what stands beside it, and a
// long one is cut with the cut marked and the whole of it a click away. Which characters hide: invisible.ts.

import { useState } from 'react';
import { t } from '../language/text.ts';
import { bytes } from './format.ts';
import { partsOfText } from './invisible.ts';

/** Isolated, so that its direction ends with it. */
export function ForeignText({ text }: { text: string }) {
  const parts = partsOfText(text);
  if (parts.length === 1 && typeof parts[0] === 'string') return <bdi>{text}</bdi>;
  return (
    <bdi>
      {parts.map((part, i) =>
        typeof part === 'string' ? (
          part
        ) : (
          <span key={i} className="hidden-char" title={part.name}>
            {part.escape}
          </span>
        ),
      )}
    </bdi>
  );
}

/** How much of a text is drawn before one asks for the rest: about fifty lines. @unit characters */
const SHOWN_FIRST = 4000;

/** @param max at most so much is shown at first. @unit characters */
export function LongText({ text, max = SHOWN_FIRST }: { text: string; max?: number }) {
  const [whole, setWhole] = useState(false);
  // A cut that would leave only a little out is not worth a click.
  if (whole || text.length <= max * 1.2) return <ForeignText text={text} />;
  return (
    <>
      <ForeignText text={head(text, max)} />
      <span className="cut-mark">...</span>{' '}
      <button type="button" className="link plain" onClick={() => setWhole(true)}>
        {t('show all {size}', { size: bytes(text.length) })}
      </button>
    </>
  );
}

/** Never cut within a character. */
function head(text: string, max: number): string {
  const kept = text.slice(0, max);
  return /[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept;
}
