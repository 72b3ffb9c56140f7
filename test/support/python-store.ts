// Real Python Celery as another user of a result store (python-store.py): one process for a test file, asked in lines of Python.
// Holds: it ends with who opened it.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PythonProcess } from './python-process.ts';

export interface PythonStore {
  /** Runs lines of Python that see `app` and `backend`, and gives what they leave in `result`. Throws what they raise. */
  run<T>(code: string, at?: { url?: string; conf?: object; given?: object }): Promise<T>;
  close(): Promise<void>;
}

export async function pythonStore(env: Readonly<Record<string, string>> = {}): Promise<PythonStore> {
  const script = fileURLToPath(new URL('./python-store.py', import.meta.url));
  const child = new PythonProcess([script], {
    cwd: process.cwd(),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: 'ignore', ...env },
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data).slice(-4000);
  });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`Python ended: ${errors}`);
    return value;
  };
  await line();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    run<T>(code: string, at: { url?: string; conf?: object; given?: object } = {}): Promise<T> {
      const asked = async (): Promise<T> => {
        child.stdin.write(`${JSON.stringify({ code, ...at })}\n`);
        const { result, error } = JSON.parse(await line()) as { result: T; error?: string };
        if (error) throw new Error(error);
        return result;
      };
      const answer = turn.then(asked);
      turn = answer.catch(() => {});
      return answer;
    },
    async close() {
      child.stdin.end();
      child.kill('SIGKILL');
      await gone;
    },
  };
}
