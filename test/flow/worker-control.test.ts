// Every remote command as a client sees it, against the names, arguments and reply shapes recorded from real Celery. On the broker in memory.
import { itAnswersRecordedCommands } from '../contract/worker-control.ts';

itAnswersRecordedCommands();
