// A module that driven.mjs does not import: a worker learns of it by pool_restart.
import { app } from './driven.mjs';

app.task({ name: 'driven.more' }, (x) => x * 2);
