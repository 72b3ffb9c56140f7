// Standard output and error of this process, whose reader may leave (`| head`) and whose disk may be full.
// Not here: logs (log-sink.ts), what is printed (output.ts).
// Holds: a command that answers ends when nobody reads its answer; a program that stays goes on. Neither prints a stack for it.
import { streamSink } from '../log-sink.ts';

let stays = false;

/** Once, first of all. */
export function guardStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (stays) return;
    // `umbel ... | head`: whoever read has had enough; that is no error.
    if (error.code === 'EPIPE') process.exit(0);
    print(process.stderr, `umbel: cannot write the answer: ${error.message}\n`);
    process.exit(1);
  });
  // There is nowhere to say it.
  process.stderr.on('error', () => {});
}

/** This program goes on, whoever reads what it prints. */
export function outliveReaders(): void {
  stays = true;
}

/** Never throws: on some systems a full disk does at once what elsewhere is an event. */
export function print(stream: NodeJS.WritableStream, text: string): void {
  try {
    stream.write(text);
  } catch (error) {
    stream.emit('error', error);
  }
}

/** Hands on what a child writes, as it comes. */
export function passOn(stream: NodeJS.WritableStream): (text: string) => void {
  const sink = streamSink(stream);
  return (text) => sink.pass(text);
}
