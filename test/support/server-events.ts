// A stream of Server-Sent Events as a program reads it. Ends with the test.
import { onTestFinished } from 'vitest';

export interface ServerEvent {
  readonly id: string;
  /** Its name, or 'message'. */
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export async function serverEvents(url: string, headers: Record<string, string> = {}) {
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  const reply = await fetch(url, { headers, signal: gone.signal });
  const all: ServerEvent[] = [];
  /** As EventSource counts: signs of life have one, too. */
  let lastId = '';
  let signs = 0;
  let ended = false;
  const read = async () => {
    let text = '';
    for await (const piece of reply.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + piece).split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const lines = block.split('\n').map((line) => line.split(/: ?(.*)/s) as [string, string]);
        const field = (name: string) => lines.find(([one]) => one === name)?.[1];
        lastId = field('id') ?? lastId;
        const data = field('data');
        if (data === undefined) signs++;
        else all.push({ id: lastId, event: field('event') ?? 'message', data: JSON.parse(data) });
      }
    }
  };
  const end = read()
    .catch(() => {})
    .finally(() => {
      ended = true;
    });
  return {
    ...{ reply, all, end },
    lastId: () => lastId,
    /** Without data. */
    signs: () => signs,
    ended: () => ended,
    close: async () => {
      gone.abort();
      await end;
    },
  };
}
