// The file that a child of a pool runs, as a process or as a thread.
import { loadApp } from './child-app.ts';
import { serveChild } from './child-main.ts';
import { childPort } from './child-port.ts';

serveChild(childPort(), loadApp);
