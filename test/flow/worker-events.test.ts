// The events of a worker against those recorded from real Celery, scenario by scenario: which types, how often, which fields. On the broker in memory.
import { itSendsRecordedEvents } from '../contract/worker-events.ts';

itSendsRecordedEvents();
